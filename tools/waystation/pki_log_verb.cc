#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/crypto/ed25519.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
#include "common/tlog/policy.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct LogKeyOptions {
  std::string key_path;
  std::string origin;
  std::string policy_path;
};

void DeclareLogKey(CLI::App& verb, LogKeyOptions& options) {
  verb.add_option("KEY", options.key_path, "File for the key, PEM; must not be there")->required();
  verb.add_option("--origin", options.origin,
                  "Name of the log, e.g. waystation.example/log/2; one that never was")
      ->required();
  verb.add_option("--policy", options.policy_path,
                  "Policy of the former log: its log lines give way to the new key's; what it was "
                  "is kept beside it as FILE.<former log>.former, and goes with it");
}

void ShowKey(Session& session, const std::string& path, const tlog::VerifierKey& key) {
  google::protobuf::Struct result;
  auto& fields = *result.mutable_fields();
  fields["key_path"].set_string_value(path);
  fields["verifier_key"].set_string_value(key.ToString());
  session.out.Show(result, {{"key", path}, {"verifier key", key.ToString()}});
}

bool IsLogLine(std::string_view line) {
  const std::vector<std::string> words =
      absl::StrSplit(Absl(line), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  return !words.empty() && words[0] == "log";
}

// A policy with one log in the place of another.
struct ChangedPolicy {
  std::string former;
  std::string former_path;
  std::string text;
};

// The text with every log line in it replaced by the one of `key`.
std::string WithLog(std::string_view text, const tlog::VerifierKey& key) {
  std::string changed = absl::StrCat("log ", key.ToString(), "\n");
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!IsLogLine(line)) absl::StrAppend(&changed, Absl(line), "\n");
  }
  return changed;
}

absl::StatusOr<ChangedPolicy> ChangePolicy(const std::string& path, const tlog::VerifierKey& key) {
  ChangedPolicy policy;
  WS_ASSIGN_OR_RETURN(policy.former, ReadWholeFile(path));
  absl::StatusOr<tlog::Policy> former = tlog::Policy::Parse(policy.former);
  if (!former.ok()) return Prefixed(path, former.status());
  if (former->origin() == key.name()) {
    return absl::InvalidArgumentError(Problem("--origin", "the former log's", Quoted(key.name()),
                                              "a name that no log had before"));
  }
  policy.former_path =
      absl::StrCat(path, ".", absl::StrReplaceAll(former->origin(), {{"/", "-"}}), ".former");
  policy.text = WithLog(policy.former, key);
  absl::StatusOr<tlog::Policy> changed = tlog::Policy::Parse(policy.text);
  if (!changed.ok()) return Prefixed(path, changed.status());
  return policy;
}

absl::Status RunLogKey(Session& session, const LogKeyOptions& options) {
  WS_ASSIGN_OR_RETURN(const crypto::Ed25519Key fresh, crypto::Ed25519Key::Generate());
  absl::StatusOr<tlog::VerifierKey> key =
      tlog::VerifierKey::Create(options.origin, tlog::KeyType::kEd25519, fresh.public_key());
  if (!key.ok()) return Prefixed("--origin", key.status());
  ChangedPolicy policy;
  if (!options.policy_path.empty()) {
    WS_ASSIGN_OR_RETURN(policy, ChangePolicy(options.policy_path, *key));
  }
  WS_ASSIGN_OR_RETURN(const std::string pem, fresh.ToPem());
  WS_RETURN_IF_ERROR(WriteNewFile(options.key_path, pem, FileMode::kPrivate, false));
  if (!options.policy_path.empty()) {
    WS_RETURN_IF_ERROR(WriteFile(policy.former_path, policy.former, FileMode::kPublic));
    WS_RETURN_IF_ERROR(WriteFile(options.policy_path, policy.text, FileMode::kPublic));
  }
  ShowKey(session, options.key_path, *key);
  session.out.Say(
      "keep the key and its .last file outside of backups; give the policy, with the .former "
      "beside it, to the broker, the auditor and every agency, and start them again");
  return absl::OkStatus();
}

struct CosignerKeyOptions {
  std::string key_path;
  std::string name;
};

void DeclareCosignerKey(CLI::App& verb, CosignerKeyOptions& options) {
  verb.add_option("KEY", options.key_path, "File for the key, PEM; must not be there")->required();
  verb.add_option("--name", options.name, "Name of the key, e.g. waystation.example/cosigner/ins")
      ->required();
}

absl::Status RunCosignerKey(Session& session, const CosignerKeyOptions& options) {
  WS_ASSIGN_OR_RETURN(const crypto::Ed25519Key fresh, crypto::Ed25519Key::Generate());
  absl::StatusOr<tlog::VerifierKey> key =
      tlog::VerifierKey::Create(options.name, tlog::KeyType::kCosignature, fresh.public_key());
  if (!key.ok()) return Prefixed("--name", key.status());
  WS_ASSIGN_OR_RETURN(const std::string pem, fresh.ToPem());
  WS_RETURN_IF_ERROR(WriteNewFile(options.key_path, pem, FileMode::kPrivate, false));
  ShowKey(session, options.key_path, *key);
  session.out.Say(
      "keep the key outside of backups; the verifier key goes into a witness line of "
      "the log's policy");
  return absl::OkStatus();
}

}  // namespace

void AddPkiLogVerbs(CLI::App& pki, Chosen& chosen) {
  AddVerb<LogKeyOptions>(pki, chosen, "log-key", "Make the key of a new audit log", DeclareLogKey,
                         RunLogKey);
  AddVerb<CosignerKeyOptions>(pki, chosen, "cosigner-key", "Make the key of a cosigner of the log",
                              DeclareCosignerKey, RunCosignerKey);
}

}  // namespace waystation::cli
