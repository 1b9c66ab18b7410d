#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/pki.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

constexpr int kDaysMax = 36'500;

struct InitOptions {
  std::string dir;
  std::string name = "waystation root";
  int days = 3650;
  bool force = false;
};

void DeclareInit(CLI::App& verb, InitOptions& options) {
  verb.add_option("DIR", options.dir, "Folder of the authority")->required();
  verb.add_option("--name", options.name, "Name of the root")->capture_default_str();
  verb.add_option("--days", options.days, "Validity of the root")
      ->check(CLI::Range(1, kDaysMax))
      ->capture_default_str();
  verb.add_flag("--force", options.force, "Replace an authority that is there");
}

absl::Status RunInit(Session& session, const InitOptions& options) {
  WS_ASSIGN_OR_RETURN(PkiFolder pki,
                      PkiFolder::Init(options.dir, options.name, absl::Hours(24 * options.days),
                                      session.clock.Now(), options.force));
  google::protobuf::Struct result;
  (*result.mutable_fields())["roots_path"].set_string_value(pki.roots_path());
  (*result.mutable_fields())["crl_path"].set_string_value(pki.crl_path());
  session.out.Show(result, {{"root", pki.roots_path()}, {"revocation list", pki.crl_path()}});
  session.out.Say(absl::StrCat("keep ", pki.dir(), "/root-key.pem offline; next: ",
                               AsTyped(absl::StrCat("waystation pki issue ", pki.dir(),
                                                    " --identity spiffe://... --use tls"))));
  return absl::OkStatus();
}

struct IssueFlags {
  std::string dir;
  std::string identity;
  std::vector<std::string> more_identities;
  std::string use;
  int days = 90;
  bool force = false;
};

void DeclareIssue(CLI::App& verb, IssueFlags& options) {
  verb.add_option("DIR", options.dir, "Folder of the authority")->required();
  verb.add_option("--identity", options.identity, "SPIFFE ID, e.g. spiffe://example/agency/ins")
      ->required();
  verb.add_option("--use", options.use, "tls, sign, encrypt, recovery or archive")->required();
  verb.add_option("--days", options.days, "Validity; 0 is expired at once, for tests")
      ->check(CLI::Range(0, kDaysMax))
      ->capture_default_str();
  verb.add_option("--also-identity", options.more_identities,
                  "A further URI SAN: the bus refuses such a certificate (for tests)");
  verb.add_flag("--force", options.force, "Replace a certificate that is there");
}

absl::Status RunIssue(Session& session, const IssueFlags& options) {
  WS_ASSIGN_OR_RETURN(crypto::KeyUse use, ParseKeyUse(options.use));
  WS_ASSIGN_OR_RETURN(PkiFolder pki, PkiFolder::Open(options.dir));
  WS_ASSIGN_OR_RETURN(IssuedPaths paths,
                      pki.Issue({options.identity, use, absl::Hours(24 * options.days),
                                 options.force, options.more_identities},
                                session.clock.Now()));
  google::protobuf::Struct result;
  auto& fields = *result.mutable_fields();
  fields["certificate_path"].set_string_value(paths.certificate_path);
  fields["key_path"].set_string_value(paths.key_path);
  fields["serial"].set_string_value(paths.serial);
  session.out.Show(
      result,
      {{"certificate", paths.certificate_path}, {"key", paths.key_path}, {"serial", paths.serial}});
  return absl::OkStatus();
}

struct RevokeOptions {
  std::string dir;
  std::string serial;
};

void DeclareRevoke(CLI::App& verb, RevokeOptions& options) {
  verb.add_option("DIR", options.dir, "Folder of the authority")->required();
  verb.add_option("SERIAL", options.serial, "Serial number, as pki show prints it")->required();
}

void DeclareCrl(CLI::App& verb, RevokeOptions& options) {
  verb.add_option("DIR", options.dir, "Folder of the authority")->required();
}

absl::Status ShowCrl(Session& session, const PkiFolder& pki) {
  google::protobuf::Struct result;
  auto& fields = *result.mutable_fields();
  fields["crl_path"].set_string_value(pki.crl_path());
  fields["crl_number"].set_number_value(static_cast<double>(pki.issued().crl_number()));
  session.out.Show(result, {{"revocation list", pki.crl_path()},
                            {"number", absl::StrCat(pki.issued().crl_number())}});
  return absl::OkStatus();
}

absl::Status RunRevoke(Session& session, const RevokeOptions& options) {
  WS_ASSIGN_OR_RETURN(PkiFolder pki, PkiFolder::Open(options.dir));
  WS_RETURN_IF_ERROR(pki.Revoke(options.serial, session.clock.Now()));
  WS_RETURN_IF_ERROR(ShowCrl(session, pki));
  session.out.Say("services that read this list refuse the certificate within seconds");
  return absl::OkStatus();
}

absl::Status RunCrl(Session& session, const RevokeOptions& options) {
  WS_ASSIGN_OR_RETURN(PkiFolder pki, PkiFolder::Open(options.dir));
  WS_RETURN_IF_ERROR(pki.RenewCrl(session.clock.Now()));
  return ShowCrl(session, pki);
}

struct ShowOptions {
  std::string file;
};

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  verb.add_option("FILE", options.file, "Certificate, PEM")->required();
}

google::protobuf::Struct CertificateJson(const crypto::Certificate& certificate,
                                         const std::string& use,
                                         const std::vector<std::string>& problems) {
  google::protobuf::Struct out;
  auto& fields = *out.mutable_fields();
  for (const std::string& san : certificate.uri_sans()) {
    fields["identities"].mutable_list_value()->add_values()->set_string_value(san);
  }
  fields["use"].set_string_value(use);
  fields["not_before"].set_string_value(absl::FormatTime(certificate.not_before()));
  fields["not_after"].set_string_value(absl::FormatTime(certificate.not_after()));
  fields["serial"].set_string_value(certificate.serial());
  fields["sha256"].set_string_value(crypto::Hex(crypto::AsBytes(certificate.sha256())));
  auto* list = fields["problems"].mutable_list_value();
  for (const std::string& problem : problems) list->add_values()->set_string_value(problem);
  return out;
}

// The use by its bits; recovery and archive keys have those of encrypt.
std::string UseOf(const crypto::Certificate& certificate) {
  auto use = certificate.key_use();
  if (!use.has_value()) return "none";
  return std::string(crypto::KeyUseName(*use));
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(options.file));
  auto chain = crypto::ParsePemChain(pem);
  if (!chain.ok()) return Prefixed(options.file, chain.status());
  const crypto::Certificate& certificate = chain->front();
  const auto problems = CertificateProblems(certificate, session.clock.Now());
  std::vector<std::pair<std::string, Cell>> fields;
  for (const std::string& san : certificate.uri_sans()) fields.push_back({"identity", san});
  fields.push_back({"use", UseOf(certificate)});
  fields.push_back({"valid", absl::StrCat(TimeText(certificate.not_before()), " to ",
                                          TimeText(certificate.not_after()))});
  fields.push_back({"serial", certificate.serial()});
  fields.push_back({"sha256", crypto::Hex(crypto::AsBytes(certificate.sha256()))});
  if (problems.empty()) fields.push_back({"problems", Cell("none", Tone::kGood)});
  for (const std::string& problem : problems) {
    fields.push_back({"problem", Cell(problem, Tone::kBad)});
  }
  session.out.Show(CertificateJson(certificate, UseOf(certificate), problems), fields);
  return absl::OkStatus();
}

}  // namespace

void AddPkiVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& pki = AddNoun(app, "pki", "Certificates: one identity, one key for each use");
  AddVerb<InitOptions>(pki, chosen, "init", "Make a root and its revocation list", DeclareInit,
                       RunInit);
  AddVerb<IssueFlags>(pki, chosen, "issue", "Make a key and its certificate", DeclareIssue,
                      RunIssue);
  AddVerb<RevokeOptions>(pki, chosen, "revoke", "Revoke a certificate and renew the list",
                         DeclareRevoke, RunRevoke);
  AddVerb<RevokeOptions>(pki, chosen, "crl", "Renew the revocation list", DeclareCrl, RunCrl);
  AddVerb<ShowOptions>(pki, chosen, "show", "Say what a certificate is, and what is wrong with it",
                       DeclareShow, RunShow);
  AddPkiGenesisVerb(pki, chosen);
  AddPkiLogVerbs(pki, chosen);
}

}  // namespace waystation::cli
