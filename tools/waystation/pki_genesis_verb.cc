#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/text_proto.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "tools/waystation/files.h"
#include "tools/waystation/genesis.h"
#include "tools/waystation/pki.h"
#include "tools/waystation/verbs.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

struct GenesisOptions {
  std::string dir;
  std::string draft_path;
  std::string out_path;
};

void DeclareGenesis(CLI::App& verb, GenesisOptions& options) {
  verb.add_option("DIR", options.dir, "Folder of the authority")->required();
  verb.add_option("--draft", options.draft_path,
                  "Directory and policy without certificates, text-proto; "
                  "deploy/config/genesis.textproto is one")
      ->required();
  verb.add_option("--out", options.out_path, "File for the record; must not be there")->required();
}

absl::Status RunGenesis(Session& session, const GenesisOptions& options) {
  WS_ASSIGN_OR_RETURN(PkiFolder pki, PkiFolder::Open(options.dir));
  journal::v1::Genesis genesis;
  WS_RETURN_IF_ERROR(config::LoadTextProto(options.draft_path, &genesis));
  WS_RETURN_IF_ERROR(CompleteGenesis(pki, &genesis));
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(genesis, &text)) {
    return absl::InternalError(Problem(options.out_path, "message cannot be printed"));
  }
  WS_RETURN_IF_ERROR(WriteNewFile(options.out_path, text, FileMode::kPublic, false));
  google::protobuf::Struct result;
  auto& fields = *result.mutable_fields();
  fields["genesis_path"].set_string_value(options.out_path);
  fields["identities"].set_number_value(genesis.directory().identities_size());
  session.out.Show(result, {{"genesis", options.out_path},
                            {"identities", absl::StrCat(genesis.directory().identities_size())}});
  session.out.Say("the broker reads it once, for a new journal; read the policy in it before");
  return absl::OkStatus();
}

}  // namespace

void AddPkiGenesisVerb(CLI::App& pki, Chosen& chosen) {
  AddVerb<GenesisOptions>(pki, chosen, "genesis", "Make the first record of a new bus",
                          DeclareGenesis, RunGenesis);
}

}  // namespace waystation::cli
