#include "services/ins/incoming.h"

#include <string>
#include <utility>

#include "common/agency/automatic.h"
#include "common/agency/fields.h"
#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"
#include "services/ins/petition_law.h"
#include "services/ins/petitions.h"
#include "services/ins/presences.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

using agency::BadField;
using agency::CaseMessage;
using agency::CheckUnit;
using agency::DayOf;
using agency::ToDate;
using agency::Tx;
using types::v1::ReturnReason;

// Why a petition goes back without an officer.
struct AutomaticReturn {
  ReturnReason reason;
  std::string text;
  const statute::Rule* rule = nullptr;  // When it is the law.
};

absl::Status Return(const record::StoredPetition& stored, const AutomaticReturn& why, Tx& tx) {
  agency::CaseContent content = ContentOf(
      stored, agency::Automatic("Immigration and Naturalization Service",
                                "Automatic check on receipt", stored.petition().to_unit()));
  content.set_reason_text(why.text);
  content.mutable_return_detail()->set_reason(why.reason);
  if (why.rule != nullptr) {
    content.mutable_return_detail()->set_citation(std::string(why.rule->citation.section));
    content.mutable_return_detail()->set_rule_reason(std::string(why.rule->reason));
  }
  return tx.SendTransition(stored.petition().referral_id(), types::v1::TRANSITION_RETURN, content)
      .status();
}

record::StoredPetition Store(const CaseMessage& message) {
  const agency::CaseContent& content = message.content;
  record::StoredPetition stored;
  v1::Petition& petition = *stored.mutable_petition();
  petition.set_referral_id(message.header.referral().referral_id());
  petition.set_person(content.person());
  petition.set_from_agency(agency::AgencyOf(message.header.source()));
  petition.set_from_unit(content.from_unit());
  // A unit that is not ours cannot act, also not to give it back.
  bool ours = CheckUnit("to_unit", content.to_unit(), "ins").ok();
  petition.set_to_unit(ours ? content.to_unit() : std::string(kAdjudicator));
  *petition.mutable_filed_by() = content.officials();
  *petition.mutable_received_at() = agency::ToProtoTime(message.accept_time);
  stored.set_requester(message.header.source());
  *stored.mutable_filed_on() = ToDate(DayOf(message.accept_time));
  return stored;
}

std::string_view ProcedureOf(const v1::ContinuedPresencePetition& petition) {
  return petition.kind() == v1::PETITION_KIND_RENEWAL ? "continued presence, renewal"
                                                      : "continued presence, initial";
}

// Who asks is judged before what is asked: an agency that makes no findings is told the law, not
// that its petition lacks one.
absl::Status OnPetition(const CaseMessage& message, record::StoredPetition stored, Tx& tx) {
  v1::ContinuedPresencePetition petition;
  absl::Status shape = message.content.body().UnpackTo(&petition)
                           ? CheckShape(message.content, petition, DayOf(tx.now()))
                           : BadField("body", "cannot be read", "", "a petition");
  if (shape.ok()) *stored.mutable_petition()->mutable_content() = petition;
  WS_RETURN_IF_ERROR(Register(tx.db()).AddPetition(stored));
  if (shape.ok()) {
    WS_RETURN_IF_ERROR(tx.Describe(stored.petition().referral_id(), ProcedureOf(petition),
                                   stored.petition().to_unit()));
  }
  if (absl::Status sender = CheckSender(tx, stored); !sender.ok()) {
    return Return(stored,
                  {types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW,
                   std::string(Std(sender.message())), &statute::kOnlyFederalLawEnforcement},
                  tx);
  }
  if (shape.ok()) return absl::OkStatus();
  return Return(stored, {types::v1::RETURN_REASON_INCOMPLETE, std::string(Std(shape.message()))},
                tx);
}

absl::Status OnRequest(const CaseMessage& message, Tx& tx) {
  if (tx.directory() == nullptr) {
    return absl::UnavailableError("directory: not known yet, so no unit can be judged");
  }
  record::StoredPetition stored = Store(message);
  const bool is_petition = message.content.body().Is<v1::ContinuedPresencePetition>();
  if (is_petition && stored.petition().to_unit() == kAdjudicator) {
    return OnPetition(message, std::move(stored), tx);
  }
  // Its content is not kept: nobody here may see it.
  WS_RETURN_IF_ERROR(Register(tx.db()).AddPetition(stored));
  const std::string text =
      is_petition ? absl::StrCat("petitions are open to \"", Absl(kAdjudicator), "\" alone (",
                                 Absl(statute::kUnitsDenied.citation.section), ")")
                  : std::string("this agency takes no request of this kind");
  return Return(stored, {types::v1::RETURN_REASON_NOT_OURS, text}, tx);
}

// The petitioner's steps after the request need no act: the referral shows them,
// and the petition why.
absl::Status OnPetitionersStep(const CaseMessage& message, Tx& tx) {
  const types::v1::Transition transition = message.content.transition();
  if (transition == types::v1::TRANSITION_CHANGE_SCOPE) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                   "referral: a petition rests on a statutory duty, not on a scope of consent");
  }
  const bool ends = transition == types::v1::TRANSITION_CANCEL ||
                    transition == types::v1::TRANSITION_ENTERED_IN_ERROR;
  if (!ends && transition != types::v1::TRANSITION_ASK_TO_CANCEL) return absl::OkStatus();
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored,
                      reg.GetPetition(message.header.referral().referral_id()));
  stored.mutable_petition()->set_cancel_reason(message.content.reason_text());
  if (ends) stored.mutable_petition()->clear_proposal();
  return reg.UpdatePetition(stored);
}

// The petitioner's answer to a notice says that it is recorded: nobody need read
// it. A return stays in the inbox, because then it is not.
absl::Status OnNoticeStep(const CaseMessage& message, Tx& tx) {
  if (message.content.transition() != types::v1::TRANSITION_ANSWER) return absl::OkStatus();
  return tx.MarkRead(message.header.referral().referral_id());
}

}  // namespace

absl::Status OnCase(const CaseMessage& message, Tx& tx) {
  if (message.content.transition() == types::v1::TRANSITION_REQUEST) return OnRequest(message, tx);
  WS_ASSIGN_OR_RETURN(agency::ReferralView view,
                      tx.Referral(message.header.referral().referral_id()));
  return view.we_are_target ? OnPetitionersStep(message, tx) : OnNoticeStep(message, tx);
}

absl::Status OnRefused(const CaseMessage& message, Tx& tx) {
  if (message.content.transition() != types::v1::TRANSITION_ANSWER) return absl::OkStatus();
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored,
                      reg.GetPetition(message.header.referral().referral_id()));
  v1::Petition& petition = *stored.mutable_petition();
  if (!petition.has_decision()) return absl::OkStatus();
  WS_RETURN_IF_ERROR(UndoPresence(petition.decision().presence_id(), tx));
  petition.clear_decision();
  *petition.mutable_proposal() = stored.confirmed();
  stored.clear_confirmed();
  return reg.UpdatePetition(stored);
}

}  // namespace waystation::ins
