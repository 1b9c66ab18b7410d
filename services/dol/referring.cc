#include "services/dol/referring.h"

#include <memory>
#include <string>
#include <utility>

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/sending.h"
#include "common/procedures/doj.h"
#include "common/procedures/dol.h"
#include "common/procedures/hhs.h"
#include "common/procedures/ins.h"
#include "common/status/status.h"
#include "services/dol/call_table.h"
#include "services/dol/call_text.h"
#include "services/dol/call_view.h"
#include "services/dol/calls.h"
#include "services/dol/line_rules.h"
#include "waystation/doj/v1/complaint.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::dol {
namespace {

using agency::Officer;
using agency::Tx;
using casework::Case;
using casework::Procedure;
using google::protobuf::Message;
using procedures::Contract;
using record::StoredCall;
using referral::v1::DisclosureBasis;

constexpr agency::TextLimits kDangerText{1, 1'000};
constexpr agency::TextLimits kCitation{1, 300};

// Files how a referral ended on its call. One that brought no help opens a
// closed call again: somebody has to look.
absl::Status FileEnd(const Case& one, const Message* answer, Tx& tx) {
  CallTable table(tx.db());
  WS_ASSIGN_OR_RETURN(std::string call_id, table.CallOf(one.id()));
  if (call_id.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(StoredCall stored, table.Get(call_id));
  for (v1::CallReferral& referral : *stored.mutable_call()->mutable_referrals()) {
    if (referral.referral_id() != one.id()) continue;
    bool helped = false;
    if (const auto* complaint = dynamic_cast<const doj::v1::ComplaintOutcome*>(answer)) {
      *referral.mutable_complaint_outcome() = *complaint;
      helped = complaint->kind() != doj::v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER;
    } else if (const auto* child = dynamic_cast<const hhs::v1::ChildReferralOutcome*>(answer)) {
      *referral.mutable_child_outcome() = *child;
      helped = child->in_care();
    }
    if (!helped) stored.mutable_call()->clear_closed_because();
  }
  return table.Save(stored);
}

// A complaint leaves by ReferCall alone, so that none goes out twice or without
// the plan in force.
class ComplaintSent : public Procedure {
 public:
  ComplaintSent() : Procedure(procedures::Complaint()) {}

  absl::Status CheckOpen(const Case& one, Tx& tx) const override {
    const auto& body = casework::Body<doj::v1::ComplaintReferral>(one.request);
    WS_ASSIGN_OR_RETURN(StoredCall stored, CallTable(tx.db()).Get(body.call_id()));
    if (stored.referring()) return absl::OkStatus();
    return statute::Refuse(kReferredFromRecord, absl::StrCat("call \"", body.call_id(), "\""),
                           "not referred from its record", "", "ReferCall");
  }

  absl::Status OnEnded(const Case& one, const Message* answer, Tx& tx) const override {
    return FileEnd(one, answer, tx);
  }
};

// Anybody at DOL may start a child's referral; one of a call is filed there.
class ChildSent : public Procedure {
 public:
  ChildSent() : Procedure(procedures::ChildToHhs()) {}

  absl::Status OnEnded(const Case& one, const Message* answer, Tx& tx) const override {
    return FileEnd(one, answer, tx);
  }
};

// Checks that the call is not with that agency already. Returns the referral
// that a new one replaces; empty: none.
absl::StatusOr<std::string> CheckNotReferred(const v1::Call& call, const Contract& contract,
                                             Tx& tx) {
  const v1::CallReferral* latest = Latest(call, contract.terms.name);
  if (latest == nullptr) return std::string();
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(latest->referral_id()));
  switch (view.state) {
    case types::v1::REFERRAL_STATE_RETURNED:
    case types::v1::REFERRAL_STATE_EXPIRED:
      return latest->referral_id();
    case types::v1::REFERRAL_STATE_UNSPECIFIED:  // The bus refused it: it never went.
    case types::v1::REFERRAL_STATE_CANCELLED:
    case types::v1::REFERRAL_STATE_ENTERED_IN_ERROR:
      return std::string();
    default:
      return AlreadyReferred(call.call_id(), latest->referral_id(), "a call not yet passed on");
  }
}

absl::Status CheckGiver(const v1::Call& call, const std::string& consent_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(bool child, IsChild(call, tx));
  WS_ASSIGN_OR_RETURN(casework::record::StoredConsent stored,
                      casework::CaseTable(tx.db()).GetConsent(consent_id));
  if (!child || stored.consent().given_by() != referral::v1::CONSENT_GIVER_PERSON) {
    return absl::OkStatus();
  }
  return Refusal(absl::StatusCode::kFailedPrecondition, "GUARDIAN_REQUIRED",
                 Problem("consent", "a child cannot give it alone", "",
                         "guardian or child advocate, with the child's assent; an unknown age is "
                         "a child's (POLICY-CH-1)"));
}

absl::StatusOr<DisclosureBasis> EmergencyOf(const v1::Call& call, const DisclosureBasis& asked,
                                            Tx& tx) {
  if (!call.danger_now()) {
    return statute::Refuse(kEmergencyNeedsDanger, absl::StrCat("call \"", call.call_id(), "\""),
                           "nobody was in danger when it was made", "",
                           "a consent, or a new call with the danger");
  }
  WS_RETURN_IF_ERROR(CheckCallText("basis.circumstances", asked.circumstances(), kDangerText));
  DisclosureBasis basis;
  basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
  basis.set_circumstances(asked.circumstances());
  *basis.mutable_valid_until() = agency::ToProtoTime(tx.now() + kEmergencyLasts);
  return basis;
}

absl::StatusOr<DisclosureBasis> ConsentOf(const v1::Call& call, const Contract& contract,
                                          const DisclosureBasis& asked, Tx& tx) {
  WS_ASSIGN_OR_RETURN(DisclosureBasis basis,
                      casework::CheckBasisSent(contract, call.person(), asked, tx));
  WS_RETURN_IF_ERROR(CheckGiver(call, basis.consent_id(), tx));
  return basis;
}

// A duty to report a child, e.g. of a state's law.
absl::StatusOr<DisclosureBasis> DutyOf(const DisclosureBasis& asked) {
  WS_RETURN_IF_ERROR(CheckCallText("basis.citation", asked.citation(), kCitation));
  DisclosureBasis basis;
  basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  basis.set_citation(asked.citation());
  return basis;
}

// The basis made anew from the records, so that nothing else rides along in it.
absl::StatusOr<DisclosureBasis> BasisOf(const v1::Call& call, const Contract& contract,
                                        const DisclosureBasis& asked, Tx& tx) {
  const bool for_child = &contract == &procedures::ChildToHhs();
  if (asked.kind() == referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY) {
    return EmergencyOf(call, asked, tx);
  }
  if (asked.kind() == referral::v1::DISCLOSURE_BASIS_KIND_CONSENT) {
    return ConsentOf(call, contract, asked, tx);
  }
  if (for_child && asked.kind() == referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY) {
    return DutyOf(asked);
  }
  return agency::BadField(
      "basis.kind", "not a ground on which a call leaves", absl::StrCat(asked.kind()),
      for_child ? "consent, emergency, or a statutory duty" : "consent, or emergency");
}

// Sends `body` about a call and files the referral on it.
absl::Status Send(const Procedure& procedure, const Officer& officer, const Message& body,
                  const DisclosureBasis& asked_basis, StoredCall& stored, Tx& tx) {
  const Contract& contract = procedure.contract();
  CallTable table(tx.db());
  v1::Call& call = *stored.mutable_call();
  casework::Ask ask{std::string(kComplaintLine),
                    std::string(contract.terms.units.front()),
                    call.person(),
                    &body,
                    {officer},
                    {}};
  WS_ASSIGN_OR_RETURN(ask.replaces_referral_id, CheckNotReferred(call, contract, tx));
  WS_ASSIGN_OR_RETURN(ask.basis, BasisOf(call, contract, asked_basis, tx));
  if (call.danger_now()) ask.needed_by = tx.now() + kDangerAnswerWithin;
  stored.set_referring(true);
  WS_RETURN_IF_ERROR(table.Save(stored));
  WS_ASSIGN_OR_RETURN(std::string referral_id, casework::SendAsk(procedure, ask, tx));
  stored.set_referring(false);
  v1::CallReferral& referral = *call.add_referrals();
  referral.set_referral_id(referral_id);
  referral.set_procedure(std::string(contract.terms.name));
  call.clear_closed_because();
  WS_RETURN_IF_ERROR(table.Save(stored));
  return table.AddReferral(referral_id, call.call_id());
}

}  // namespace

casework::Procedures MakeProcedures() {
  casework::Procedures::List list;
  list.push_back(std::make_unique<Procedure>(procedures::OneStopServices()));
  list.push_back(std::make_unique<ComplaintSent>());
  list.push_back(std::make_unique<ChildSent>());
  // DOL may not petition; INS says so, with the citation, and answers for it.
  list.push_back(std::make_unique<Procedure>(procedures::ContinuedPresence()));
  return {"dol", std::move(list)};
}

absl::Status ReferCall(const casework::Procedures& procedures, const Officer& officer,
                       const v1::ReferCallRequest& request, Tx& tx,
                       v1::ReferCallResponse& response) {
  WS_RETURN_IF_ERROR(CheckLine(officer));
  WS_ASSIGN_OR_RETURN(StoredCall stored, CallTable(tx.db()).Get(request.call_id()));
  const v1::Call& call = stored.call();
  doj::v1::ComplaintReferral body;
  body.set_call_id(call.call_id());
  body.set_circumstances(call.circumstances());
  body.set_language(call.language());
  if (call.has_age()) *body.mutable_age() = call.age();
  body.set_danger_now(call.danger_now());
  if (InForce(call.safe_contact())) *body.mutable_safe_contact() = call.safe_contact();
  const Procedure& procedure = *procedures.ByName(procedures::Complaint().terms.name);
  WS_RETURN_IF_ERROR(Send(procedure, officer, body, request.basis(), stored, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_call(), ShowCall(stored, tx));
  return absl::OkStatus();
}

absl::Status ReferChild(const casework::Procedures& procedures, const Officer& officer,
                        const v1::ReferChildRequest& request, Tx& tx,
                        v1::ReferChildResponse& response) {
  WS_RETURN_IF_ERROR(CheckLine(officer));
  WS_ASSIGN_OR_RETURN(StoredCall stored, CallTable(tx.db()).Get(request.call_id()));
  const v1::Call& call = stored.call();
  WS_ASSIGN_OR_RETURN(bool child, IsChild(call, tx));
  if (!child) {
    return statute::Refuse(kChildDoor, absl::StrCat("call \"", call.call_id(), "\""),
                           "the person is an adult", "", "a person under 18, or of unknown age");
  }
  hhs::v1::ChildReferral body;
  body.set_circumstances(call.circumstances());
  if (call.has_age()) *body.mutable_age() = call.age();
  body.set_language(call.language());
  body.set_has_guardian(request.has_guardian());
  const Procedure& procedure = *procedures.ByName(procedures::ChildToHhs().terms.name);
  WS_RETURN_IF_ERROR(Send(procedure, officer, body, request.basis(), stored, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_call(), ShowCall(stored, tx));
  return absl::OkStatus();
}

}  // namespace waystation::dol
