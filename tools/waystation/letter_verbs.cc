#include <string>
#include <utility>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "tools/waystation/certification_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/letter_check.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using hhs::v1::HhsService;

constexpr char kOrr[] = "hhs/orr";

struct ShowOptions {
  std::string as;
  std::string number;
  std::string of_case;
};

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  DeclareAs(verb, options.as);
  auto* number = verb.add_option("NUMBER", options.number, "Number on the letter, 13 digits");
  verb.add_option("--case", options.of_case, "The newest letter of this case")->excludes(number);
}

absl::StatusOr<hhs::v1::GetLetterResponse> Read(Officer& officer, const std::string& number,
                                                const std::string& case_id) {
  hhs::v1::GetLetterRequest request;
  if (case_id.empty()) {
    request.set_number(number);
  } else {
    request.set_case_id(case_id);
  }
  auto response = officer.Ask(&HhsService::Stub::GetLetter, request);
  if (!response.ok()) return ExplainHhs(response.status(), case_id);
  return response;
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  if (options.number.empty() && options.of_case.empty()) {
    return UsageError("letter: none named, want NUMBER or --case CASE");
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(auto found, Read(officer, options.number, options.of_case));
  auto fields = LetterFields(found.record());
  fields.insert(fields.begin() + 1, {"case", found.case_id()});
  session.out.Show(found, fields);
  return absl::OkStatus();
}

struct VerifyOptions {
  std::string as;
  std::string request_id;
  std::string number;
  std::string office;
  std::vector<std::string> benefits;
};

void DeclareVerify(CLI::App& verb, VerifyOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("NUMBER", options.number, "Number on the letter, 13 digits")->required();
  verb.add_option("--office", options.office, "Benefit office that asks")->required();
  verb.add_option("--benefit", options.benefits,
                  "What was applied for: tanf, medicaid, schip, ssi, food-stamps, "
                  "refugee-assistance, unaccompanied-minors, housing, job-training, other")
      ->required()
      ->delimiter(',');
}

absl::Status RunVerify(Session& session, const VerifyOptions& options) {
  hhs::v1::VerifyLetterRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_number(options.number);
  request.set_office(options.office);
  for (const std::string& text : options.benefits) {
    WS_ASSIGN_OR_RETURN(auto benefit, ParseWords<hhs::v1::Benefit>("--benefit", text));
    request.add_benefits(benefit);
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  auto response = officer.Ask(&HhsService::Stub::VerifyLetter, request);
  if (ReasonOf(response.status()) == "LETTER_UNKNOWN") {
    return WithNext(response.status(), "the digits again, from the letter; HHS issued none such");
  }
  if (!response.ok()) return ExplainHhs(response.status(), "", request.request_id());
  session.out.Show(*response, {{"letter", options.number},
                               {"state", LetterStateCell(response->state())},
                               {"kind", Words(response->kind())},
                               {"issued on", FormatDate(response->issued_on())}});
  return absl::OkStatus();
}

struct ExportOptions {
  std::string as;
  std::string number;
  std::string file;
  bool force = false;
};

void DeclareExport(CLI::App& verb, ExportOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("NUMBER", options.number, "Number on the letter, 13 digits")->required();
  verb.add_option("FILE", options.file, "File to write the signed letter to")->required();
  verb.add_flag("--force", options.force, "Replace the file");
}

absl::Status RunExport(Session& session, const ExportOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(auto found, Read(officer, options.number, ""));
  const std::string bytes = found.letter().SerializeAsString();
  absl::Status written = WriteNewFile(options.file, bytes, FileMode::kPrivate, options.force);
  if (absl::IsAlreadyExists(written)) return WithNext(std::move(written), "the same with --force");
  WS_RETURN_IF_ERROR(written);
  session.out.Show(found.letter(), {{"letter", found.record().number()},
                                    {"file", options.file},
                                    {"bytes", absl::StrCat(bytes.size())}});
  session.out.Say(AsTyped("waystation letter check " + ShellWord(options.file)) +
                  " verifies it without a server");
  return absl::OkStatus();
}

struct CheckOptions {
  std::string file;
  std::string certificate;
};

void DeclareCheck(CLI::App& verb, CheckOptions& options) {
  verb.add_option("FILE", options.file, "File of letter export")->required();
  verb.add_option("--certificate", options.certificate,
                  "HHS's signing certificate, PEM (default: any that the profile's roots carry)");
}

absl::Status CheckByRoots(Session& session, const CheckedLetter& letter) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  rpc::TrustSource::Options options;
  options.roots_path = profile.data().roots_path();
  options.crl_path = profile.data().crl_path();
  WS_ASSIGN_OR_RETURN(auto trust, rpc::TrustSource::Create(options, session.clock));
  return CheckRooted(letter, trust->Current(), profile.data().trust_domain(), session.clock.Now());
}

absl::Status CheckByCertificate(const std::string& path, const CheckedLetter& letter) {
  WS_ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(path));
  WS_ASSIGN_OR_RETURN(auto pinned, crypto::Certificate::FromPem(pem));
  return CheckPinned(letter, pinned);
}

absl::Status RunCheck(Session& session, const CheckOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(options.file));
  auto letter = CheckLetterSignature(bytes);
  if (!letter.ok()) {
    return WithNext(letter.status(), "waystation letter verify NUMBER, with the number on paper");
  }
  absl::Status trusted = options.certificate.empty()
                             ? CheckByRoots(session, *letter)
                             : CheckByCertificate(options.certificate, *letter);
  WS_RETURN_IF_ERROR(trusted);
  session.out.Show(
      letter->letter,
      {{"signature", Cell("VERIFIED here and now, without a server", Tone::kGood)},
       {"letter", letter->letter.number()},
       {"kind", Words(letter->letter.kind())},
       {"issued on", FormatDate(letter->letter.issued_on())},
       {"basis", letter->letter.basis()},
       {"signed by", ShortIdentity(letter->signer)},
       {"certificate", crypto::Hex(crypto::AsBytes(letter->certificate.sha256()))},
       {"certificate by", letter->certificate.issuer_common_name()},
       {"believed by", options.certificate.empty() ? "the profile's roots" : options.certificate}});
  session.out.Say("HHS issued it; whether it still holds, HHS says:\n  " +
                  AsTyped("waystation letter verify " + letter->letter.number()) +
                  " --office OFFICE --benefit BENEFIT");
  return absl::OkStatus();
}

}  // namespace

void AddLetterVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& letter = AddNoun(app, "letter", "Letters of certification and eligibility (HHS)");
  AddVerb<ShowOptions>(letter, chosen, "show", "One letter: its state, and who asked about it",
                       DeclareShow, RunShow);
  AddVerb<VerifyOptions>(letter, chosen, "verify",
                         "Answer a benefit office by number; says nothing of the person",
                         DeclareVerify, RunVerify);
  AddVerb<ExportOptions>(letter, chosen, "export", "Write the signed letter to a file",
                         DeclareExport, RunExport);
  AddVerb<CheckOptions>(letter, chosen, "check",
                        "Verify an exported letter from its file alone, for anybody", DeclareCheck,
                        RunCheck);
}

}  // namespace waystation::cli
