#include "common/agency/agency_tx.h"

#include <utility>

#include "common/agency/compliance.h"
#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/agency/memo_rows.h"
#include "common/agency/outbox.h"
#include "common/agency/receipts.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

absl::Status NotAllowed(const ReferralRow& row, Transition transition) {
  return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                 Problem("referral",
                         absl::StrCat("\"", Absl(StepName(transition)),
                                      "\" is not a step of this agency here"),
                         absl::StrCat("state \"", Absl(StateName(row.own.standing.state)), "\"")));
}

std::string FullIdentity(std::string_view trust_domain, std::string_view name) {
  if (name.find('/') != std::string_view::npos) return std::string(name);
  return name == "auditor" ? AuditorIdentity(trust_domain) : AgencyIdentity(trust_domain, name);
}

ReferralRow NewRow(const AgencyTx::Request& request, const Draft& draft, const std::string& self,
                   absl::Time now) {
  ReferralRow row;
  row.referral_id = draft.referral_id;
  row.requester = self;
  row.target = draft.target;
  row.own = {After({}, types::v1::TRANSITION_REQUEST), 1, 1};
  row.since = now;
  row.due = draft.due_time;
  row.detail.set_person(request.content.person());
  row.detail.set_procedure(request.procedure);
  row.detail.set_our_unit(request.content.from_unit());
  row.detail.set_other_unit(request.content.to_unit());
  row.detail.set_due_basis(request.content.due_basis());
  return row;
}

}  // namespace

absl::Status AgencyTx::CheckMaySend() const {
  if (!context_.may_send) {
    return absl::FailedPreconditionError(Problem("transaction", "a read cannot send"));
  }
  if (context_.directory != nullptr) return absl::OkStatus();
  return Refusal(absl::StatusCode::kUnavailable, "DIRECTORY_UNKNOWN",
                 "directory: not known yet, because the bus was never reached");
}

absl::StatusOr<std::string> AgencyTx::GateOf(const ReferralRow& row) {
  if (row.gate.empty()) return std::string();
  WS_ASSIGN_OR_RETURN(std::optional<InboxRow> received, FindReceived(db_, row.gate));
  // Not stored yet: it is the message that is being handled now.
  bool open = received.has_value() && received->ack != Ack::kSent;
  return open ? std::string() : row.gate;
}

absl::StatusOr<std::string> AgencyTx::Enqueue(const Draft& draft, const ReferralRow& row) {
  WS_ASSIGN_OR_RETURN(SealedMessage sealed, context_.sealer->Make(draft, *context_.directory));
  ReferralRow next = row;
  WS_ASSIGN_OR_RETURN(std::string gate, GateOf(row));
  next.chain_head = sealed.message_id;
  WS_RETURN_IF_ERROR(SaveReferral(db_, next));
  WS_RETURN_IF_ERROR(Queue(
      db_,
      {sealed.message_id,
       std::string(crypto::AsBytes(evidence::EnvelopeHash(sealed.message.header()))),
       draft.referral_id, draft.transition, draft.expected_version,
       sealed.message.SerializeAsString(), sealed.content.SerializeAsString(), gate, row.chain_head,
       /*recipient=*/"",
       draft.parent_referral_id.empty() ? draft.replaces_referral_id : draft.parent_referral_id},
      context_.now));
  queued_ = true;
  return sealed.message_id;
}

absl::StatusOr<std::string> AgencyTx::SendRequest(const Request& request) {
  WS_RETURN_IF_ERROR(CheckMaySend());
  Draft draft;
  draft.target = FullIdentity(context_.identity->trust_domain, request.target);
  draft.referral_id = context_.sealer->NewReferralId();
  draft.transition = types::v1::TRANSITION_REQUEST;
  draft.content = request.content;
  draft.due_time = request.due_time;
  draft.expire_time = request.expire_time;
  draft.in_reply_to = request.in_reply_to;
  draft.parent_referral_id = request.parent_referral_id;
  draft.replaces_referral_id = request.replaces_referral_id;
  ReferralRow row = NewRow(request, draft, context_.identity->spiffe_id, context_.now);
  WS_RETURN_IF_ERROR(Enqueue(draft, row).status());
  WS_RETURN_IF_ERROR(ReportProcedure(draft.referral_id, request.procedure, *this));
  return draft.referral_id;
}

absl::StatusOr<std::string> AgencyTx::SendTransition(std::string_view referral_id,
                                                     Transition transition,
                                                     const CaseContent& content,
                                                     std::optional<absl::Time> due_time) {
  WS_RETURN_IF_ERROR(CheckMaySend());
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  if (!MayStep(row.own.standing.state, transition, row.we_are_target)) {
    return NotAllowed(row, transition);
  }
  bool new_scope = transition == types::v1::TRANSITION_CHANGE_SCOPE;
  Draft draft;
  draft.target = row.other();
  draft.referral_id = row.referral_id;
  draft.transition = transition;
  draft.expected_version = row.own.version;
  draft.scope_version = row.own.scope + (new_scope ? 1 : 0);
  draft.content = content;
  draft.due_time = due_time;
  Standing next = After(row.own.standing, transition);
  if (next.state != row.own.standing.state) row.since = context_.now;
  row.own = {next, row.own.version + 1, draft.scope_version};
  if (due_time.has_value()) row.due = due_time;
  // Who acts on it has seen it; a notice may be to somebody else.
  row.attention = !row.detail.notice().empty();
  row.detail.clear_problem();
  return Enqueue(draft, row);
}

absl::StatusOr<ReferralView> AgencyTx::Referral(std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  return ViewOf(row);
}

absl::StatusOr<ReferralView> AgencyTx::ReferralForStep(std::string_view referral_id,
                                                       int64_t expected_version,
                                                       Transition transition) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  if (expected_version != static_cast<int64_t>(row.own.version)) {
    return Refusal(
        absl::StatusCode::kAborted, "VERSION_STALE",
        Problem("referral", "it has changed since you saw it", absl::StrCat(expected_version),
                absl::StrCat("expected_version ", row.own.version, " (state \"",
                             Absl(StateName(row.own.standing.state)), "\")")));
  }
  if (!MayStep(row.own.standing.state, transition, row.we_are_target)) {
    return NotAllowed(row, transition);
  }
  return ViewOf(row);
}

absl::Status AgencyTx::Describe(std::string_view referral_id, std::string_view procedure,
                                std::string_view our_unit) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  if (!procedure.empty()) row.detail.set_procedure(std::string(procedure));
  if (!our_unit.empty()) row.detail.set_our_unit(std::string(our_unit));
  return SaveReferral(db_, row);
}

absl::Status AgencyTx::MarkRead(std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  row.attention = !row.detail.notice().empty();
  row.detail.clear_problem();
  return SaveReferral(db_, row);
}

absl::Status AgencyTx::Notify(std::string_view referral_id, std::string_view text) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  row.attention = true;
  row.detail.set_notice(std::string(text));
  row.detail.set_notice_us(absl::ToUnixMicros(context_.now));
  return SaveReferral(db_, row);
}

// Who reads the notice reads how the referral ended; a problem takes a step.
absl::Status AgencyTx::NoticeRead(std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db_, referral_id));
  row.attention = !row.detail.problem().empty();
  row.detail.clear_notice();
  row.detail.clear_notice_us();
  return SaveReferral(db_, row);
}

absl::Status AgencyTx::SendMemo(std::string_view recipient, std::string_view type,
                                std::string body) {
  if (!context_.may_send) return CheckMaySend();
  WS_RETURN_IF_ERROR(CheckMemoBody(body));
  const MemoDraft draft{context_.sealer->NewMessageId(),
                        FullIdentity(context_.identity->trust_domain, recipient), std::string(type),
                        std::move(body)};
  // Without a directory nobody knows yet: it waits.
  const evidence::DirectoryView* known = context_.directory.get();
  const bool nobody = known != nullptr && (known->Find(draft.recipient) == nullptr ||
                                           known->FormOf(type) != evidence::MessageForm::kMemo);
  if (nobody) return absl::OkStatus();
  WS_RETURN_IF_ERROR(KeepMemo(db_, draft, context_.now));
  queued_ = true;
  return absl::OkStatus();
}

}  // namespace waystation::agency
