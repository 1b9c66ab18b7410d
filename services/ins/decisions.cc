#include "services/ins/decisions.h"

#include <string>

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/ids/handle.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"
#include "services/ins/petition_law.h"
#include "services/ins/petitions.h"
#include "services/ins/presences.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

using agency::CheckReferralId;
using agency::CheckVersion;
using agency::Officer;
using agency::Tx;

absl::StatusOr<record::StoredPetition> Begin(const Officer& officer, std::string_view referral_id,
                                             int64_t expected_version, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  WS_RETURN_IF_ERROR(CheckReferralId(referral_id));
  WS_RETURN_IF_ERROR(CheckVersion(expected_version));
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Register(tx.db()).GetPetition(referral_id));
  WS_RETURN_IF_ERROR(
      tx.ReferralForStep(referral_id, expected_version, types::v1::TRANSITION_ANSWER).status());
  return stored;
}

absl::Status CheckProposal(const v1::Petition& petition, const std::string& proposal_id) {
  if (!petition.has_proposal()) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "PROPOSAL_MISSING",
                   Problem("decision", "nothing is proposed", "", "a first official's proposal"));
  }
  if (petition.proposal().proposal_id() == proposal_id) return absl::OkStatus();
  return Refusal(absl::StatusCode::kFailedPrecondition, "PROPOSAL_CHANGED",
                 Problem("proposal_id", "not the open proposal", Quoted(proposal_id),
                         Quoted(petition.proposal().proposal_id())));
}

v1::ContinuedPresenceDecision Decide(const v1::DecisionProposal& proposal, const Officer& second,
                                     const RandomSource& random) {
  const v1::DecisionTerms& terms = proposal.terms();
  v1::ContinuedPresenceDecision decision;
  decision.set_outcome(terms.outcome());
  decision.set_reasons(terms.reasons());
  *decision.add_officials() = proposal.proposed_by();
  *decision.add_officials() = second;
  if (terms.outcome() != v1::DECISION_OUTCOME_GRANTED) return decision;
  decision.set_presence_id(NewHandle("cp", random));
  decision.set_mechanism(terms.mechanism());
  decision.set_mechanism_text(terms.mechanism_text());
  *decision.mutable_effective_date() = terms.effective_date();
  *decision.mutable_expires_on() = terms.expires_on();
  if (terms.has_work_authorization()) {
    *decision.mutable_work_authorization() = IssuedBy(second, terms.work_authorization());
  }
  return decision;
}

absl::Status SendAnswer(const record::StoredPetition& stored, Tx& tx) {
  const v1::ContinuedPresenceDecision& decision = stored.petition().decision();
  agency::CaseContent content = ContentOf(stored, decision.officials(0));
  *content.add_officials() = decision.officials(1);
  content.mutable_body()->PackFrom(decision);
  return tx.SendTransition(stored.petition().referral_id(), types::v1::TRANSITION_ANSWER, content)
      .status();
}

}  // namespace

absl::Status ProposeDecision(const Officer& officer, const v1::ProposeDecisionRequest& request,
                             const RandomSource& random, Tx& tx,
                             v1::ProposeDecisionResponse& response) {
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored,
                      Begin(officer, request.referral_id(), request.expected_version(), tx));
  WS_RETURN_IF_ERROR(CheckTerms(tx, stored, request.terms()));
  v1::DecisionProposal& proposal = *stored.mutable_petition()->mutable_proposal();
  proposal.Clear();
  proposal.set_proposal_id(NewHandle("pr", random));
  *proposal.mutable_terms() = request.terms();
  *proposal.mutable_proposed_by() = officer;
  *proposal.mutable_proposed_at() = agency::ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(Register(tx.db()).UpdatePetition(stored));
  WS_ASSIGN_OR_RETURN(*response.mutable_petition(), ShowPetition(tx, request.referral_id()));
  return absl::OkStatus();
}

absl::Status ConfirmDecision(const Officer& officer, const v1::ConfirmDecisionRequest& request,
                             const RandomSource& random, Tx& tx,
                             v1::ConfirmDecisionResponse& response) {
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored,
                      Begin(officer, request.referral_id(), request.expected_version(), tx));
  v1::Petition& petition = *stored.mutable_petition();
  WS_RETURN_IF_ERROR(CheckProposal(petition, request.proposal_id()));
  WS_RETURN_IF_ERROR(
      statute::CheckTwoOfficials(petition.proposal().proposed_by().staff_id(), officer.staff_id()));
  // The day, the register or the directory may have changed since it was proposed.
  WS_RETURN_IF_ERROR(CheckTerms(tx, stored, petition.proposal().terms()));
  *stored.mutable_confirmed() = petition.proposal();
  *petition.mutable_decision() = Decide(petition.proposal(), officer, random);
  petition.clear_proposal();
  if (petition.decision().outcome() == v1::DECISION_OUTCOME_GRANTED) {
    WS_RETURN_IF_ERROR(
        BeginPresence(stored, petition.decision(), tx, *response.mutable_presence()));
  }
  WS_RETURN_IF_ERROR(Register(tx.db()).UpdatePetition(stored));
  WS_RETURN_IF_ERROR(SendAnswer(stored, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_petition(), ShowPetition(tx, request.referral_id()));
  return absl::OkStatus();
}

}  // namespace waystation::ins
