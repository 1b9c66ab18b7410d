#include "common/casework/sending.h"

#include <utility>

#include "common/agency/automatic.h"
#include "common/agency/due.h"
#include "common/agency/fields.h"
#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/procedures.h"
#include "common/status/status.h"

namespace waystation::casework {
namespace {

using agency::CaseContent;
using agency::DayOf;
using agency::Officer;
using agency::Tx;
using google::protobuf::Message;
using record::StoredReferral;

absl::Status CheckToUnit(const Contract& contract, std::string_view to_unit) {
  if (contract.terms.units.empty()) return absl::OkStatus();
  std::string units;
  for (std::string_view unit : contract.terms.units) {
    if (unit == to_unit) return absl::OkStatus();
    absl::StrAppend(&units, units.empty() ? "" : " or ", Absl(unit));
  }
  return agency::BadField("to_unit",
                          absl::StrCat("does not take \"", Absl(contract.terms.name), "\""),
                          Quoted(to_unit), units);
}

StoredReferral Filed(const Contract& contract, const Ask& ask, Tx& tx) {
  StoredReferral stored;
  v1::Referral& referral = *stored.mutable_referral();
  referral.set_procedure(std::string(contract.terms.name));
  referral.set_role(v1::ROLE_REQUESTER);
  referral.set_person(ask.person);
  referral.set_from_unit(ask.from_unit);
  referral.set_to_unit(ask.to_unit);
  *referral.mutable_opened_at() = agency::ToProtoTime(tx.now());
  *referral.mutable_basis() = ask.basis;
  referral.mutable_request()->PackFrom(*ask.body);
  referral.mutable_requested_by()->Assign(ask.officials.begin(), ask.officials.end());
  referral.set_forwards_referral_id(ask.forwards_referral_id);
  return stored;
}

Tx::Request RequestOf(const Contract& contract, const Ask& ask) {
  Tx::Request request;
  request.target = ask.to_unit.substr(0, ask.to_unit.find('/'));
  request.procedure = std::string(contract.terms.name);
  request.parent_referral_id = ask.forwards_referral_id;
  request.replaces_referral_id = ask.replaces_referral_id;
  CaseContent& content = request.content;
  content.set_from_unit(ask.from_unit);
  content.set_to_unit(ask.to_unit);
  content.mutable_officials()->Assign(ask.officials.begin(), ask.officials.end());
  content.set_person(ask.person);
  *content.mutable_disclosure_basis() = ask.basis;
  content.mutable_body()->PackFrom(*ask.body);
  return request;
}

}  // namespace

absl::StatusOr<std::string> SendAsk(const Procedure& procedure, const Ask& ask, Tx& tx) {
  const Contract& contract = procedure.contract();
  WS_RETURN_IF_ERROR(CheckToUnit(contract, ask.to_unit));
  WS_RETURN_IF_ERROR(contract.check_request(*ask.body, DayOf(tx.now())));
  StoredReferral stored = Filed(contract, ask, tx);
  WS_RETURN_IF_ERROR(procedure.CheckOpen(Case{stored.referral(), stored.other(), *ask.body}, tx));
  Tx::Request request = RequestOf(contract, ask);
  const agency::DuePolicy due{contract.terms.due_business_days,
                              std::string(contract.terms.due_basis)};
  WS_RETURN_IF_ERROR(agency::SetDue(due, ask.needed_by, tx.now(), request));
  WS_ASSIGN_OR_RETURN(std::string referral_id, tx.SendRequest(request));
  stored.mutable_referral()->set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(referral_id));
  stored.set_other(view.target);
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  return referral_id;
}

CaseContent ReplyContent(const StoredReferral& stored, const std::vector<Officer>& officials) {
  const v1::Referral& referral = stored.referral();
  const bool by_target = referral.role() == v1::ROLE_TARGET;
  CaseContent content;
  content.set_from_unit(by_target ? referral.to_unit() : referral.from_unit());
  content.set_to_unit(by_target ? referral.from_unit() : referral.to_unit());
  content.mutable_officials()->Assign(officials.begin(), officials.end());
  content.set_person(referral.person());
  return content;
}

absl::Status SendAnswer(const Procedure& procedure, StoredReferral stored, const Message& answer,
                        const std::vector<Officer>& officials, Tx& tx) {
  const Contract& contract = procedure.contract();
  v1::Referral& referral = *stored.mutable_referral();
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, contract));
  WS_RETURN_IF_ERROR(contract.check_answer(*opened.request, answer, DayOf(tx.now())));
  WS_RETURN_IF_ERROR(procedure.CheckAnswer(opened.view, answer, tx));
  CaseContent content = ReplyContent(stored, officials);
  content.mutable_body()->PackFrom(answer);
  WS_ASSIGN_OR_RETURN(auto onward, OnwardOf(referral.referral_id(), false, tx));
  content.mutable_onward()->Assign(onward.begin(), onward.end());
  WS_RETURN_IF_ERROR(
      tx.SendTransition(referral.referral_id(), types::v1::TRANSITION_ANSWER, content).status());
  referral.mutable_answer()->PackFrom(answer);
  referral.mutable_ended_by()->Assign(officials.begin(), officials.end());
  *stored.mutable_confirmed() = referral.proposal();
  referral.clear_proposal();
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  return procedure.OnAnswering(opened.view, answer, tx);
}

absl::Status AnswerByRule(const Procedure& procedure, std::string_view referral_id,
                          const Message& answer, std::string_view office, std::string_view title,
                          Tx& tx) {
  WS_ASSIGN_OR_RETURN(StoredReferral stored, CaseTable(tx.db()).Get(referral_id));
  const std::vector<Officer> officials = {
      agency::Automatic(office, title, stored.referral().to_unit())};
  WS_RETURN_IF_ERROR(
      tx.SendTransition(referral_id, types::v1::TRANSITION_TAKE_UP, ReplyContent(stored, officials))
          .status());
  return SendAnswer(procedure, std::move(stored), answer, officials, tx);
}

absl::StatusOr<std::vector<referral::v1::OnwardHop>> OnwardOf(std::string_view referral_id,
                                                              bool name_holders, Tx& tx) {
  std::vector<referral::v1::OnwardHop> hops;
  WS_ASSIGN_OR_RETURN(CaseTable::Rows children, CaseTable(tx.db()).Forwarding(referral_id));
  for (const auto& [position, child] : children) {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(child.referral().referral_id()));
    referral::v1::OnwardHop& hop = hops.emplace_back();
    hop.set_answered(view.state == types::v1::REFERRAL_STATE_ANSWERED);
    if (name_holders && child.scope_answer() != referral::v1::SCOPE_ANSWER_UNSPECIFIED) {
      hop.set_agency(agency::AgencyOf(child.other()));
      hop.set_scope_answer(child.scope_answer());
      hop.set_authority(child.scope_authority());
    }
    // What its own holders below answered came with its answer.
    if (name_holders) {
      for (const auto& below : child.referral().onward()) hops.push_back(below);
    }
  }
  return hops;
}

}  // namespace waystation::casework
