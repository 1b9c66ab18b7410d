#include "common/petitioner/incoming.h"

#include <string>
#include <string_view>

#include "common/agency/automatic.h"
#include "common/agency/fields.h"
#include "common/casework/incoming.h"
#include "common/petitioner/casebook.h"
#include "common/procedures/ins.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"
#include "waystation/ins/v1/petition.pb.h"

namespace waystation::petitioner {
namespace {

using agency::CaseContent;
using agency::CaseMessage;
using agency::CheckToken;
using agency::CheckUnit;
using agency::ReferralView;
using agency::ToDay;
using agency::Tx;
using types::v1::Transition;

constexpr size_t kPresenceIdBytesMax = 64;

absl::Status Malformed(std::string_view problem) {
  return Refusal(absl::StatusCode::kInvalidArgument, "CONTENT_MALFORMED",
                 Problem("content.body", problem));
}

template <typename Body>
absl::StatusOr<Body> Unpack(const CaseContent& content) {
  Body body;
  if (content.body().UnpackTo(&body)) return body;
  return Malformed(absl::StrCat("not a ", Body::descriptor()->name()));
}

// Law and policy ask two officials of whatever grants, denies or ends.
template <typename Body>
absl::Status CheckOfficials(const Body& body) {
  if (body.officials_size() != 2) return Malformed("not decided by two officials");
  return statute::CheckTwoOfficials(body.officials(0).staff_id(), body.officials(1).staff_id());
}

absl::Status CheckPeriod(const types::v1::Date& first, const types::v1::Date& last) {
  WS_ASSIGN_OR_RETURN(absl::CivilDay from, ToDay("effective_date", first));
  WS_ASSIGN_OR_RETURN(absl::CivilDay until, ToDay("expires_on", last));
  return until > from ? absl::OkStatus() : Malformed("period has no length");
}

absl::Status CheckWork(const ins::v1::WorkAuthorization& work) {
  if (!ins::v1::WorkAuthorizationBasis_IsValid(work.basis()) || work.basis() == 0) {
    return Malformed("work authorization without a basis");
  }
  return CheckPeriod(work.effective_date(), work.expires_on());
}

absl::Status CheckGrant(const ins::v1::ContinuedPresenceDecision& decision) {
  WS_RETURN_IF_ERROR(CheckToken("presence_id", decision.presence_id(), kPresenceIdBytesMax, "-"));
  if (!ins::v1::PresenceMechanism_IsValid(decision.mechanism()) || decision.mechanism() == 0) {
    return Malformed("grant without a mechanism");
  }
  if (decision.has_work_authorization()) {
    WS_RETURN_IF_ERROR(CheckWork(decision.work_authorization()));
  }
  return CheckPeriod(decision.effective_date(), decision.expires_on());
}

absl::Status CheckDecision(const ins::v1::ContinuedPresenceDecision& decision) {
  WS_RETURN_IF_ERROR(CheckOfficials(decision));
  if (decision.outcome() == ins::v1::DECISION_OUTCOME_GRANTED) return CheckGrant(decision);
  if (decision.outcome() != ins::v1::DECISION_OUTCOME_DENIED) return Malformed("no outcome");
  if (!decision.presence_id().empty() || decision.has_work_authorization()) {
    return Malformed("denial with a presence");
  }
  return decision.reasons().empty() ? Malformed("denial without reasons") : absl::OkStatus();
}

absl::Status TakeAnswer(const CaseContent& content, v1::Petition& petition) {
  WS_ASSIGN_OR_RETURN(auto decision, Unpack<ins::v1::ContinuedPresenceDecision>(content));
  WS_RETURN_IF_ERROR(CheckDecision(decision));
  *petition.mutable_decision() = decision;
  if (decision.has_work_authorization()) {
    *petition.mutable_work_authorization() = decision.work_authorization();
  }
  return absl::OkStatus();
}

void TakeReturn(const CaseContent& content, v1::Petition& petition) {
  petition.set_return_reason(content.return_detail().reason());
  petition.set_return_citation(content.return_detail().citation());
  petition.set_reason_text(content.reason_text());
}

absl::Status OnStep(const CaseMessage& message, Tx& tx) {
  Casebook book(tx.db());
  WS_ASSIGN_OR_RETURN(v1::Petition petition,
                      book.GetPetition(message.header.referral().referral_id()));
  if (message.content.person() != petition.person()) return Malformed("about another person");
  switch (message.content.transition()) {
    case types::v1::TRANSITION_ANSWER:
      WS_RETURN_IF_ERROR(TakeAnswer(message.content, petition));
      break;
    case types::v1::TRANSITION_RETURN:
      TakeReturn(message.content, petition);
      break;
    case types::v1::TRANSITION_CONTINUE:
    case types::v1::TRANSITION_CONFIRM_CANCEL:
      petition.set_reason_text(message.content.reason_text());
      break;
    default:
      return absl::OkStatus();  // The referral's state says it all.
  }
  return book.UpdatePetition(petition);
}

// --- Notices -----------------------------------------------------------------------------

CaseContent ReplyTo(const Petitioner& petitioner, const CaseContent& notice) {
  // A unit that is not ours cannot answer; the notice then was for nobody here.
  const bool ours = CheckUnit("to_unit", notice.to_unit(), petitioner.agency).ok();
  const std::string unit = ours ? notice.to_unit() : petitioner.agency + "/mailroom";
  CaseContent reply;
  reply.set_from_unit(unit);
  reply.set_to_unit(notice.from_unit());
  *reply.add_officials() =
      agency::Automatic(petitioner.office, "Automatic record of a notice", unit);
  reply.set_person(notice.person());
  return reply;
}

absl::Status ReturnNotice(const Petitioner& petitioner, const CaseMessage& message,
                          types::v1::ReturnReason reason, const std::string& text, Tx& tx) {
  CaseContent reply = ReplyTo(petitioner, message.content);
  reply.mutable_return_detail()->set_reason(reason);
  reply.set_reason_text(text);
  return tx
      .SendTransition(message.header.referral().referral_id(), types::v1::TRANSITION_RETURN, reply)
      .status();
}

// Says that the notice is recorded: the answer is the notice itself.
absl::Status AnswerNotice(const Petitioner& petitioner, const CaseMessage& message, Tx& tx) {
  const std::string& id = message.header.referral().referral_id();
  CaseContent reply = ReplyTo(petitioner, message.content);
  WS_RETURN_IF_ERROR(tx.SendTransition(id, types::v1::TRANSITION_TAKE_UP, reply).status());
  *reply.mutable_body() = message.content.body();
  return tx.SendTransition(id, types::v1::TRANSITION_ANSWER, reply).status();
}

// Work ends with its presence, whichever of the two is heard of first.
absl::Status CutWork(v1::Petition& petition) {
  if (!petition.has_ended() || !petition.has_work_authorization()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(bool left, procedures::CutWork(petition.ended().ended_on(),
                                                     *petition.mutable_work_authorization()));
  if (!left) petition.clear_work_authorization();
  return absl::OkStatus();
}

absl::Status Record(const ins::v1::PresenceEndedNotice& notice, v1::Petition& petition) {
  WS_RETURN_IF_ERROR(CheckOfficials(notice));
  WS_RETURN_IF_ERROR(ToDay("ended_on", notice.ended_on()).status());
  if (!ins::v1::PresenceEndReason_IsValid(notice.reason()) || notice.reason() == 0) {
    return Malformed("end without a reason");
  }
  *petition.mutable_ended() = notice;
  return CutWork(petition);
}

absl::Status Record(const ins::v1::WorkAuthorizationNotice& notice, v1::Petition& petition) {
  WS_RETURN_IF_ERROR(CheckWork(notice.work_authorization()));
  *petition.mutable_work_authorization() = notice.work_authorization();
  return CutWork(petition);
}

// Only the agency that granted the presence may speak of it, and of its person.
absl::StatusOr<v1::Petition> PetitionOf(const CaseMessage& message, std::string_view presence_id,
                                        Tx& tx) {
  WS_ASSIGN_OR_RETURN(v1::Petition petition, Casebook(tx.db()).PetitionOfPresence(presence_id));
  WS_ASSIGN_OR_RETURN(ReferralView granted, tx.Referral(petition.referral_id()));
  if (granted.target == message.header.source() && petition.person() == message.content.person()) {
    return petition;
  }
  return absl::NotFoundError(Problem("presence", "not one that the sender granted"));
}

template <typename Notice>
absl::Status OnNotice(const Petitioner& petitioner, const CaseMessage& message,
                      std::string_view procedure, Tx& tx) {
  absl::StatusOr<Notice> notice = Unpack<Notice>(message.content);
  if (!notice.ok()) {
    return ReturnNotice(petitioner, message, types::v1::RETURN_REASON_INCOMPLETE,
                        "the body cannot be read", tx);
  }
  absl::StatusOr<v1::Petition> petition = PetitionOf(message, notice->presence_id(), tx);
  if (absl::IsNotFound(petition.status())) {
    return ReturnNotice(petitioner, message, types::v1::RETURN_REASON_NOT_OURS,
                        "no presence of this sender under this identifier", tx);
  }
  WS_RETURN_IF_ERROR(petition.status());
  WS_RETURN_IF_ERROR(
      tx.Describe(message.header.referral().referral_id(), procedure, petition->unit()));
  if (absl::Status recorded = Record(*notice, *petition); !recorded.ok()) {
    return ReturnNotice(petitioner, message, types::v1::RETURN_REASON_INCOMPLETE,
                        std::string(Std(recorded.message())), tx);
  }
  WS_RETURN_IF_ERROR(Casebook(tx.db()).UpdatePetition(*petition));
  return AnswerNotice(petitioner, message, tx);
}

}  // namespace

absl::Status OnCase(const Petitioner& petitioner, const casework::Procedures& procedures,
                    const CaseMessage& message, Tx& tx) {
  if (message.content.transition() == types::v1::TRANSITION_REQUEST) {
    const google::protobuf::Any& body = message.content.body();
    if (body.Is<ins::v1::PresenceEndedNotice>()) {
      return OnNotice<ins::v1::PresenceEndedNotice>(petitioner, message,
                                                    "continued presence, ended", tx);
    }
    if (body.Is<ins::v1::WorkAuthorizationNotice>()) {
      return OnNotice<ins::v1::WorkAuthorizationNotice>(petitioner, message,
                                                        "work authorization, issued", tx);
    }
    return casework::OnCase(procedures, message, tx);
  }
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(message.header.referral().referral_id()));
  // Steps of the requester on a notice: a cancelled or corrected one stays recorded as it came.
  return view.we_are_target ? absl::OkStatus() : OnStep(message, tx);
}

}  // namespace waystation::petitioner
