#include "tools/waystation/scenes/certifying.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/scenes/casework.h"
#include "waystation/doj/v1/consultation.pb.h"

namespace waystation::cli {
namespace {

using hhs::v1::CertificationCase;
using hhs::v1::HhsService;

constexpr char kAttorneyGeneral[] = "ag-1501";

}  // namespace

absl::StatusOr<CertificationCase> OpenCertificationCase(Play& play, hhs::v1::CaseDoor door) {
  hhs::v1::OpenCaseRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_door(door);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kOrr, &HhsService::Stub::OpenCase, request));
  return response.certification_case();
}

absl::StatusOr<CertificationCase> ReadCertificationCase(Play& play, const std::string& person) {
  hhs::v1::GetCaseRequest request;
  request.set_person(person);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kOrr, &HhsService::Stub::GetCase, request));
  return response.certification_case();
}

absl::StatusOr<CertificationCase> AwaitStatusNotice(Play& play, const std::string& person) {
  CertificationCase found;
  WS_RETURN_IF_ERROR(
      play.Await("INS's notice on " + person + " at HHS", [&]() -> absl::StatusOr<bool> {
        WS_ASSIGN_OR_RETURN(found, ReadCertificationCase(play, person));
        return found.status_size() > 0;
      }));
  return found;
}

absl::StatusOr<CertificationCase> RecordAge(Play& play, const std::string& case_id,
                                            const types::v1::PersonAge& age) {
  hhs::v1::RecordFactsRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_case_id(case_id);
  *request.mutable_age() = age;
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kOrr, &HhsService::Stub::RecordFacts, request));
  return response.certification_case();
}

absl::Status RecordWilling(Play& play, const std::string& case_id) {
  hhs::v1::RecordWillingnessRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_case_id(case_id);
  request.set_willing(true);
  request.set_statement("SYNTHETIC. Will testify.");
  *request.mutable_stated_on() = play.Day(0);
  return play.Ask(kOrr, &HhsService::Stub::RecordWillingness, request).status();
}

absl::StatusOr<std::string> Consult(Play& play, const CertificationCase& one) {
  hhs::v1::ConsultAttorneyGeneralRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_case_id(one.case_id());
  WS_ASSIGN_OR_RETURN(auto asked,
                      play.Ask(kOrr, &HhsService::Stub::ConsultAttorneyGeneral, request));
  const std::string referral = asked.certification_case().open_consultation_referral_id();
  WS_RETURN_IF_ERROR(TakeUpCase(play, kAttorneyGeneral, referral).status());
  doj::v1::ConsultationAnswer answer;
  answer.set_view(doj::v1::CONSULTATION_VIEW_CONCURS);
  WS_RETURN_IF_ERROR(AnswerCaseWith(play, kAttorneyGeneral, referral, answer).status());
  WS_RETURN_IF_ERROR(
      play.Await("the Attorney General's view at HHS", [&]() -> absl::StatusOr<bool> {
        WS_ASSIGN_OR_RETURN(auto present, ReadCertificationCase(play, one.person()));
        return present.consultations_size() > 0;
      }));
  return referral;
}

absl::StatusOr<std::string> ProposeLetter(Play& play, const std::string& case_id,
                                          hhs::v1::LetterKind kind) {
  hhs::v1::ProposeLetterRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_case_id(case_id);
  request.set_kind(kind);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kOrr, &HhsService::Stub::ProposeLetter, request));
  return response.certification_case().proposal().proposal_id();
}

absl::StatusOr<std::string> IssueLetter(Play& play, const std::string& case_id,
                                        hhs::v1::LetterKind kind) {
  hhs::v1::ConfirmLetterRequest request;
  WS_ASSIGN_OR_RETURN(*request.mutable_proposal_id(), ProposeLetter(play, case_id, kind));
  request.set_request_id(play.NewRequestId());
  request.set_case_id(case_id);
  WS_ASSIGN_OR_RETURN(auto response,
                      play.Ask(kOrrDirector, &HhsService::Stub::ConfirmLetter, request));
  const auto& letters = response.certification_case().letters();
  if (letters.empty()) {
    return absl::InternalError(Problem("letter", "confirmed, and not on the case", "none", "one"));
  }
  return letters.rbegin()->number();
}

absl::StatusOr<hhs::v1::VerifyLetterResponse> VerifyLetter(Play& play, const std::string& number) {
  hhs::v1::VerifyLetterRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_number(number);
  request.set_office("SYNTHETIC county office");
  request.add_benefits(hhs::v1::BENEFIT_MEDICAID);
  request.add_benefits(hhs::v1::BENEFIT_FOOD_STAMPS);
  return play.Ask(kOrr, &HhsService::Stub::VerifyLetter, request);
}

std::string Mistyped(std::string number) {
  if (!number.empty()) number.back() = number.back() == '9' ? '0' : number.back() + 1;
  return number;
}

absl::Status EndOnCase(Play& play, Teller& teller, const std::string& person,
                       std::string_view where) {
  WS_ASSIGN_OR_RETURN(CertificationCase one, ReadCertificationCase(play, person));
  const hhs::v1::NextMove& move = one.next_move();
  teller.End(person, where, move.unit(), move.unit().empty() ? "" : move.what(),
             move.has_since() ? move.since() : one.changed_at());
  return absl::OkStatus();
}

}  // namespace waystation::cli
