#include "tools/waystation/case_desk.h"

#include <utility>

#include "common/status/status.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using casework::v1::Referral;

absl::StatusOr<Referral> GetCase(Officer& officer, const std::string& referral_id) {
  casework::v1::GetReferralRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response, officer.Ask(&CaseworkService::Stub::GetReferral, request));
  return response.referral();
}

bool IsNoCasework(const absl::Status& status) {
  return ReasonOf(status) == "REFERRAL_UNKNOWN" || absl::IsUnimplemented(status);
}

bool HasPetitions(const Officer& officer) {
  return officer.has_petitions() || officer.agency() == "ins";
}

std::string NextAfter(const std::string& reason) {
  if (reason == "REFERRAL_UNKNOWN") return "waystation case list";
  if (reason == "SECOND_OFFICIAL_REQUIRED") return "the same with --as ID of another official";
  if (reason == "PROCEDURE_UNKNOWN" || reason == "ANSWER_TYPE_WRONG") return "waystation explain";
  if (reason == "CONSENT_UNKNOWN" || reason == "CONSENT_ENDED" ||
      reason == "CONSENT_NOT_COVERING") {
    return "waystation consent list PERSON";
  }
  if (reason == "UNIT_NOT_OWN") return "the same with --as ID of an officer of that unit";
  return "";
}

// What the target does with casework that is taken up.
void SayAnswer(Session& session, const Officer& officer, const Referral& referral) {
  if (referral.role() != casework::v1::ROLE_TARGET) return;
  session.out.Say(absl::StrCat(
      "next: ", AsTyped("waystation answer " + FormatReferralId(referral.referral_id())), " --as ",
      officer.staff().staff_id(), " --body JSON; its fields: ",
      AsTyped("waystation explain " + ShellWord(referral.procedure()))));
}

}  // namespace

absl::Status ExplainCase(absl::Status status, const std::string& request_id,
                         std::string_view procedure) {
  std::string next = NextAfter(ReasonOf(status));
  if (ReasonOf(status) == "FIELD_INVALID" && !procedure.empty()) {
    next = "waystation explain " + ShellWord(procedure);
  }
  return next.empty() ? WithRetry(std::move(status), request_id)
                      : WithNext(std::move(status), next);
}

absl::StatusOr<std::optional<CaseAtDesk>> FindCase(const Session& session, std::string_view agency,
                                                   const std::string& as,
                                                   const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(Officer officer,
                      Officer::Of(session, profile, as.empty() ? agency : std::string_view(), as));
  absl::StatusOr<Referral> referral = GetCase(officer, referral_id);
  if (IsNoCasework(referral.status()) && HasPetitions(officer)) {
    return std::optional<CaseAtDesk>();
  }
  if (!referral.ok()) return ExplainCase(referral.status(), "");
  officer.Say(session, profile);
  return std::optional<CaseAtDesk>(CaseAtDesk{std::move(officer), *std::move(referral)});
}

absl::StatusOr<CaseAtDesk> CaseOf(const Session& session, const std::string& as,
                                  const std::string& referral) {
  WS_ASSIGN_OR_RETURN(std::string referral_id, ParseReferralId(referral));
  WS_ASSIGN_OR_RETURN(auto desk, FindCase(session, "", as, referral_id));
  if (desk.has_value()) return *std::move(desk);
  return WithNext(absl::NotFoundError(Problem("referral", "no casework of this officer's agency",
                                              referral, "one of case list; a petition is none")),
                  "waystation petition show " + referral);
}

void ShowCase(Session& session, const Referral& referral) {
  session.out.Show(referral, CaseFields(referral, session.clock.Now()));
}

absl::Status StepCase(Session& session, CaseAtDesk& desk, const std::string& request_id,
                      casework::v1::StepReferralRequest request) {
  request.set_request_id(RequestId(session, request_id));
  request.set_referral_id(desk.referral.referral_id());
  request.set_expected_version(desk.referral.version());
  auto response = desk.officer.Ask(&CaseworkService::Stub::StepReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowCase(session, response->referral());
  if (response->referral().state() == types::v1::REFERRAL_STATE_TAKEN_UP) {
    SayAnswer(session, desk.officer, response->referral());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> TryStepCase(Session& session, std::string_view agency, const std::string& as,
                                 const std::string& referral, const std::string& request_id,
                                 const casework::v1::StepReferralRequest& request) {
  WS_ASSIGN_OR_RETURN(std::string referral_id, ParseReferralId(referral));
  WS_ASSIGN_OR_RETURN(auto desk, FindCase(session, agency, as, referral_id));
  if (!desk.has_value()) return false;
  WS_RETURN_IF_ERROR(StepCase(session, *desk, request_id, request));
  return true;
}

}  // namespace waystation::cli
