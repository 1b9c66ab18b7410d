#include "common/procedures/doj.h"

#include "common/procedures/form.h"
#include "waystation/doj/v1/complaint.pb.h"
#include "waystation/doj/v1/consultation.pb.h"

namespace waystation::procedures {
namespace {

using agency::CheckText;
using agency::CheckToken;

absl::Status CheckComplaint(const doj::v1::ComplaintReferral& body, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckToken("call_id", body.call_id(), 64, "-"));
  WS_RETURN_IF_ERROR(CheckText("circumstances", body.circumstances(), {1, 8'000}));
  WS_RETURN_IF_ERROR(CheckLanguage(body.language()));
  WS_RETURN_IF_ERROR(CheckAge(body, today));
  return body.has_safe_contact() ? CheckSafeContact(body.safe_contact()) : absl::OkStatus();
}

absl::Status CheckComplaintOutcome(const doj::v1::ComplaintReferral&,
                                   const doj::v1::ComplaintOutcome& answer, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckEnum("kind", answer.kind()));
  WS_RETURN_IF_ERROR(agency::CheckUnit("unit", answer.unit(), "doj"));
  const bool closes = answer.kind() == doj::v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER;
  return CheckText("advice", answer.advice(), {closes ? size_t{1} : size_t{0}, 2'000});
}

absl::Status CheckConsultation(const doj::v1::Consultation& body, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckToken("certification_case_id", body.certification_case_id(), 64, "-"));
  WS_RETURN_IF_ERROR(CheckText("willingness", body.willingness(), {1, 2'000}));
  return CheckText("basis", body.basis(), {1, 200});
}

absl::Status CheckConsultationAnswer(const doj::v1::Consultation&,
                                     const doj::v1::ConsultationAnswer& answer, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckEnum("view", answer.view()));
  const bool objects = answer.view() == doj::v1::CONSULTATION_VIEW_OBJECTS;
  return CheckText("comment", answer.comment(), {objects ? size_t{1} : size_t{0}, 2'000});
}

}  // namespace

const Contract& Complaint() {
  static const Contract contract =
      MakeContract<doj::v1::ComplaintReferral, doj::v1::ComplaintOutcome>(
          {.name = "complaint",
           .units = {kWorkerExploitation},
           .due_business_days = 2,
           .due_basis = "POLICY-CL-2 (2001-10-01)",
           .purpose = referral::v1::CONSENT_PURPOSE_INVESTIGATION},
          CheckComplaint, CheckComplaintOutcome);
  return contract;
}

const Contract& AttorneyGeneralConsultation() {
  static const Contract contract = MakeContract<doj::v1::Consultation, doj::v1::ConsultationAnswer>(
      {.name = "consultation of the Attorney General",
       .units = {kAttorneyGeneral},
       .due_business_days = 5,
       .due_basis = "POLICY-CE-2 (2001-10-01)"},
      CheckConsultation, CheckConsultationAnswer);
  return contract;
}

}  // namespace waystation::procedures
