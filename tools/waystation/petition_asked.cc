#include "tools/waystation/petition_asked.h"

#include "absl/strings/str_cat.h"
#include "common/procedures/ins.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/casework_call.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/petition_terms.h"
#include "tools/waystation/text.h"
#include "waystation/casework/v1/casework.grpc.pb.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;

// What the petitioners' own service says before it sends; none of these units is
// federal law enforcement.
absl::Status CheckAcknowledged(const doj::v1::FilePetitionRequest& asked) {
  if (asked.acknowledge_warnings()) return absl::OkStatus();
  const absl::Status bar = statute::CheckMayPetition({asked.unit(), false});
  return ExplainRefusedPetition(
      Refusal(absl::StatusCode::kFailedPrecondition, "WARNINGS_NOT_ACKNOWLEDGED",
              absl::StrCat("petition: the receiving side will refuse it; ", ReasonOf(bar), ": ",
                           bar.message())),
      asked.request_id());
}

ins::v1::ContinuedPresencePetition BodyOf(const doj::v1::FilePetitionRequest& asked) {
  const doj::v1::PetitionRequestTerms& terms = asked.terms();
  ins::v1::ContinuedPresencePetition body;
  body.set_unit(asked.unit());
  body.set_case_number(terms.case_number());
  body.set_kind(ins::v1::PETITION_KIND_INITIAL);
  body.set_mechanism_suggested(terms.mechanism_suggested());
  body.set_circumstances(terms.circumstances());
  body.set_potential_witness_certified(terms.potential_witness_certified());
  *body.mutable_requested_from() = terms.requested_from();
  *body.mutable_requested_until() = terms.requested_until();
  return body;
}

bool IsPetition(const casework::v1::Referral& referral) {
  return referral.procedure() == procedures::ContinuedPresence().terms.name;
}

}  // namespace

absl::Status FileAsCasework(Session& session, Officer& officer,
                            const doj::v1::FilePetitionRequest& asked) {
  WS_RETURN_IF_ERROR(CheckAcknowledged(asked));
  casework::v1::OpenReferralRequest request;
  request.set_request_id(asked.request_id());
  request.set_from_unit(asked.unit());
  request.set_to_unit(asked.to_unit().empty() ? std::string(procedures::kVermontServiceCenter)
                                              : asked.to_unit());
  request.set_person(asked.person());
  request.mutable_body()->PackFrom(BodyOf(asked));
  // The section that it is asked under; INS says what that opens to whom.
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  request.mutable_basis()->set_citation(std::string(statute::kContinuedPresenceSection));
  if (asked.has_needed_by()) *request.mutable_needed_by() = asked.needed_by();
  return OpenAndShow(session, officer, request);
}

absl::Status ListAsCasework(Session& session, Officer& officer,
                            const std::vector<types::v1::ReferralState>& states) {
  casework::v1::ListReferralsRequest request;
  request.set_procedure(std::string(procedures::ContinuedPresence().terms.name));
  for (types::v1::ReferralState state : states) request.add_states(state);
  WS_ASSIGN_OR_RETURN(auto referrals, AllReferrals(officer, request));
  session.out.List(referrals, CasesTable(referrals, session.clock.Now()), "no petition");
  return absl::OkStatus();
}

absl::Status ShowAsCasework(Session& session, Officer& officer, const std::string& referral_id) {
  casework::v1::GetReferralRequest request;
  request.set_referral_id(referral_id);
  auto response = officer.Ask(&CaseworkService::Stub::GetReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), "");
  if (!IsPetition(response->referral())) {
    return WithNext(
        absl::NotFoundError(Problem("petition", "the referral is of another kind",
                                    Quoted(response->referral().procedure()), "a petition")),
        "waystation case show " + FormatReferralId(referral_id));
  }
  ShowCase(session, response->referral());
  return absl::OkStatus();
}

}  // namespace waystation::cli
