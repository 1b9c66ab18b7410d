#include "common/casework/incoming.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/agency/automatic.h"
#include "common/agency/fields.h"
#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/sending.h"
#include "common/status/status.h"

namespace waystation::casework {
namespace {

using agency::CaseMessage;
using agency::DayOf;
using agency::Tx;
using record::StoredReferral;
using types::v1::ReturnReason;
using types::v1::Transition;

// Why a request goes back without an officer.
struct AutomaticReturn {
  ReturnReason reason;
  std::string text;
  const statute::Rule* rule = nullptr;  // When it is the law.
};

absl::Status Return(StoredReferral stored, const AutomaticReturn& why, Tx& tx) {
  v1::Referral& referral = *stored.mutable_referral();
  const std::vector<agency::Officer> officials = {
      agency::Automatic(referral.to_unit(), "Automatic check on receipt", referral.to_unit())};
  agency::CaseContent content = ReplyContent(stored, officials);
  content.set_reason_text(why.text);
  content.mutable_return_detail()->set_reason(why.reason);
  if (why.rule != nullptr) {
    content.mutable_return_detail()->set_citation(std::string(why.rule->citation.section));
    content.mutable_return_detail()->set_rule_reason(std::string(why.rule->reason));
  }
  WS_RETURN_IF_ERROR(
      tx.SendTransition(referral.referral_id(), types::v1::TRANSITION_RETURN, content).status());
  referral.set_reason_text(why.text);
  *referral.mutable_return_detail() = content.return_detail();
  *referral.mutable_ended_by() = content.officials();
  return CaseTable(tx.db()).Save(stored);
}

StoredReferral Received(const CaseMessage& message, const Procedures& procedures,
                        const Procedure* procedure) {
  const agency::CaseContent& content = message.content;
  StoredReferral stored;
  stored.set_other(message.header.source());
  v1::Referral& referral = *stored.mutable_referral();
  referral.set_referral_id(message.header.referral().referral_id());
  referral.set_procedure(procedure == nullptr ? "not known here"
                                              : std::string(procedure->contract().terms.name));
  referral.set_role(v1::ROLE_TARGET);
  referral.set_person(content.person());
  referral.set_from_unit(content.from_unit());
  // A unit that is not ours cannot act, also not to give it back.
  bool ours = agency::CheckUnit("to_unit", content.to_unit(), procedures.agency()).ok();
  referral.set_to_unit(ours ? content.to_unit() : absl::StrCat(procedures.agency(), "/mailroom"));
  *referral.mutable_opened_at() = agency::ToProtoTime(message.accept_time);
  *referral.mutable_basis() = content.disclosure_basis();
  *referral.mutable_requested_by() = content.officials();
  return stored;
}

bool TakesUnit(const Contract& contract, const std::string& unit, std::string_view agency) {
  const auto& units = contract.terms.units;
  if (units.empty()) return agency::CheckUnit("to_unit", unit, agency).ok();
  return std::find(units.begin(), units.end(), unit) != units.end();
}

// The request's body, when it has the contract's form.
absl::Status CheckForm(const Contract& contract, const CaseMessage& message, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto body, Unpack(message.content.body(), *contract.request));
  WS_RETURN_IF_ERROR(contract.check_request(*body, DayOf(tx.now())));
  return CheckBasisReceived(contract, message.content.disclosure_basis(), tx.now());
}

absl::Status OnRequest(const Procedures& procedures, const CaseMessage& message, Tx& tx) {
  const Procedure* procedure = procedures.ByRequest(message.content.body());
  StoredReferral stored = Received(message, procedures, procedure);
  const std::string& id = stored.referral().referral_id();
  if (procedure == nullptr || !procedures.WeTake(*procedure) ||
      !TakesUnit(procedure->contract(), message.content.to_unit(), procedures.agency())) {
    // Its content is not kept: nobody here may see it.
    WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
    return Return(std::move(stored),
                  {types::v1::RETURN_REASON_NOT_OURS, "this unit takes no request of this kind"},
                  tx);
  }
  const Contract& contract = procedure->contract();
  absl::Status form = CheckForm(contract, message, tx);
  if (!form.ok()) {
    WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
    return Return(std::move(stored),
                  {types::v1::RETURN_REASON_INCOMPLETE, std::string(Std(form.message()))}, tx);
  }
  *stored.mutable_referral()->mutable_request() = message.content.body();
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  WS_RETURN_IF_ERROR(tx.Describe(id, contract.terms.name, stored.referral().to_unit()));
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, contract));
  WS_ASSIGN_OR_RETURN(std::vector<statute::Broken> bars, procedure->Bars(opened.view, tx));
  if (!bars.empty()) {
    const statute::Broken& bar = bars.front();
    return Return(stored,
                  {types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW,
                   std::string(Std(bar.status.message())), bar.rule},
                  tx);
  }
  return procedure->OnRequest(opened.view, tx);
}

// A step of the requester on what we were asked.
absl::Status OnRequesterStep(const Procedures& procedures, const CaseMessage& message,
                             StoredReferral stored, Tx& tx) {
  v1::Referral& referral = *stored.mutable_referral();
  referral.set_reason_text(message.content.reason_text());
  switch (message.content.transition()) {
    case types::v1::TRANSITION_CHANGE_SCOPE:
      return TakeScope(procedures, message, std::move(stored), tx);
    case types::v1::TRANSITION_CANCEL:
    case types::v1::TRANSITION_ENTERED_IN_ERROR:
      referral.clear_proposal();
      *referral.mutable_ended_by() = message.content.officials();
      break;
    default:
      break;
  }
  return CaseTable(tx.db()).Save(stored);
}

// Ends that the requester's rules learn of.
bool Ends(Transition transition) {
  return transition == types::v1::TRANSITION_ANSWER || transition == types::v1::TRANSITION_RETURN ||
         transition == types::v1::TRANSITION_CONFIRM_CANCEL;
}

absl::Status OnEnd(const Procedure& procedure, const CaseMessage& message, StoredReferral stored,
                   Tx& tx) {
  const Contract& contract = procedure.contract();
  v1::Referral& referral = *stored.mutable_referral();
  *referral.mutable_ended_by() = message.content.officials();
  *referral.mutable_onward() = message.content.onward();
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, contract));
  std::unique_ptr<google::protobuf::Message> answer;
  if (message.content.transition() == types::v1::TRANSITION_ANSWER) {
    WS_ASSIGN_OR_RETURN(answer, Unpack(message.content.body(), *contract.answer));
    WS_RETURN_IF_ERROR(contract.check_answer(*opened.request, *answer, DayOf(tx.now())));
    *referral.mutable_answer() = message.content.body();
  }
  if (message.content.has_return_detail()) {
    *referral.mutable_return_detail() = message.content.return_detail();
  }
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  return procedure.OnEnded(opened.view, answer.get(), tx);
}

// A step of the target on what we asked.
absl::Status OnTargetStep(const Procedure& procedure, const CaseMessage& message,
                          StoredReferral stored, Tx& tx) {
  const Transition transition = message.content.transition();
  stored.mutable_referral()->set_reason_text(message.content.reason_text());
  if (transition == types::v1::TRANSITION_SCOPE_CONFIRMED ||
      transition == types::v1::TRANSITION_RETAINED_UNDER) {
    return TakeScopeAnswer(message, std::move(stored), tx);
  }
  if (Ends(transition)) return OnEnd(procedure, message, std::move(stored), tx);
  return CaseTable(tx.db()).Save(stored);
}

absl::Status UndoAnswer(const Procedure& procedure, StoredReferral stored, Tx& tx) {
  v1::Referral& referral = *stored.mutable_referral();
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, procedure.contract()));
  WS_ASSIGN_OR_RETURN(auto answer, Unpack(referral.answer(), *procedure.contract().answer));
  WS_RETURN_IF_ERROR(procedure.OnAnswerRefused(opened.view, *answer, tx));
  referral.clear_answer();
  referral.clear_ended_by();
  if (stored.has_confirmed()) *referral.mutable_proposal() = stored.confirmed();
  stored.clear_confirmed();
  return CaseTable(tx.db()).Save(stored);
}

}  // namespace

absl::StatusOr<bool> IsOurs(const Procedures& procedures, const CaseMessage& message, Tx& tx) {
  if (message.content.transition() == types::v1::TRANSITION_REQUEST) {
    return procedures.ByRequest(message.content.body()) != nullptr;
  }
  WS_ASSIGN_OR_RETURN(auto found, CaseTable(tx.db()).Find(message.header.referral().referral_id()));
  return found.has_value();
}

absl::Status OnCase(const Procedures& procedures, const CaseMessage& message, Tx& tx) {
  if (message.content.transition() == types::v1::TRANSITION_REQUEST) {
    return OnRequest(procedures, message, tx);
  }
  WS_ASSIGN_OR_RETURN(StoredReferral stored,
                      CaseTable(tx.db()).Get(message.header.referral().referral_id()));
  if (stored.referral().role() == v1::ROLE_TARGET) {
    return OnRequesterStep(procedures, message, std::move(stored), tx);
  }
  const Procedure* procedure = procedures.ByName(stored.referral().procedure());
  if (procedure == nullptr) {
    return absl::DataLossError(Problem("store", "a referral of a procedure that nobody has here"));
  }
  return OnTargetStep(*procedure, message, std::move(stored), tx);
}

absl::Status OnRefused(const Procedures& procedures, const CaseMessage& message,
                       const absl::Status& refusal, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto found, CaseTable(tx.db()).Find(message.header.referral().referral_id()));
  if (!found.has_value()) return absl::OkStatus();
  const Procedure* procedure = procedures.ByName(found->referral().procedure());
  switch (message.content.transition()) {
    case types::v1::TRANSITION_ANSWER:
      if (procedure == nullptr || !found->referral().has_answer()) return absl::OkStatus();
      return UndoAnswer(*procedure, *std::move(found), tx);
    case types::v1::TRANSITION_CHANGE_SCOPE:
      return SendScopeAgain(message, *std::move(found), refusal, tx);
    case types::v1::TRANSITION_SCOPE_CONFIRMED:
    case types::v1::TRANSITION_RETAINED_UNDER:
      found->mutable_referral()->set_scope_unanswered(true);
      found->set_scope_answer(referral::v1::SCOPE_ANSWER_PENDING);
      return CaseTable(tx.db()).Save(*found);
    default:
      return absl::OkStatus();
  }
}

}  // namespace waystation::casework
