#include "common/agency/frame_effect.h"

#include <optional>

#include "common/agency/findings.h"
#include "common/agency/identity_text.h"
#include "common/agency/memo.h"
#include "common/agency/time_proto.h"
#include "common/crypto/sha256.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

// Errors after which the same message may do better another time.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

std::string ReasonText(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  return reason.empty() ? std::string("HANDLER_FAILED") : reason;
}

absl::Status NotOurs(std::string_view problem) {
  return Refusal(absl::StatusCode::kInvalidArgument, "REFERRAL_UNKNOWN",
                 Problem("referral", problem));
}

CaseMessage MessageOf(const OpenedDelivery& opened) {
  CaseMessage message;
  message.message_id = opened.delivery.header.id();
  message.header = opened.delivery.header;
  message.content = opened.content;
  message.accept_time = opened.delivery.accept_time;
  message.attempt = opened.delivery.attempt;
  return message;
}

MemoMessage MemoOf(const OpenedDelivery& opened) {
  return {opened.delivery.header.id(), opened.delivery.header,      opened.memo.body(),
          opened.memo.place(),         opened.delivery.accept_time, opened.delivery.attempt};
}

ReferralRow NewTargetRow(const bus::v1::Header& header) {
  ReferralRow row;
  row.referral_id = header.referral().referral_id();
  row.requester = header.source();
  row.target = header.recipients(0);
  row.we_are_target = true;
  return row;
}

}  // namespace

absl::Status FrameEffect::Apply(const std::vector<OpenedDelivery>& frame) {
  for (const OpenedDelivery& opened : frame) WS_RETURN_IF_ERROR(ApplyOne(opened));
  for (int64_t batch : resent_) {
    WS_ASSIGN_OR_RETURN(std::string bytes, BatchBytes(tx_.db(), batch));
    reply_.receipts.push_back(std::move(bytes));
  }
  return SignReceipts();
}

absl::Status FrameEffect::ApplyOne(const OpenedDelivery& opened) {
  // Its row is stored at the end of the frame; a second copy has no effect.
  for (const InboxRow& row : rows_) {
    if (row.message_id == opened.delivery.header.id()) return absl::OkStatus();
  }
  WS_ASSIGN_OR_RETURN(std::optional<InboxRow> known,
                      FindReceived(tx_.db(), opened.delivery.header.id()));
  return known.has_value() ? ApplyAgain(opened, *known) : ApplyNew(opened);
}

absl::Status FrameEffect::ApplyAgain(const OpenedDelivery& opened, const InboxRow& known) {
  const VerifiedDelivery& delivery = opened.delivery;
  if (known.envelope_hash != crypto::AsBytes(delivery.envelope_hash)) {
    log::Error("agency", "message_id_with_other_content", {{"message_id", known.message_id}});
    Return(delivery, "CONTENT_CHANGED");
    return absl::OkStatus();
  }
  // The first receipt cannot come on the record any more, e.g. because its
  // signing certificate ran out; a new one says that the effect is there.
  if (known.ack == Ack::kRefused) {
    return AddReceipt(delivery, bus::v1::DELIVERY_OUTCOME_ALREADY_APPLIED, known.problem);
  }
  resent_.insert(known.batch_id);
  return SetAck(tx_.db(), known.message_id, Ack::kSent);
}

absl::Status FrameEffect::ApplyNew(const OpenedDelivery& opened) {
  absl::Status done = tx_.db().Savepoint([&] { return Act(opened); });
  if (done.ok()) return AddReceipt(opened.delivery, bus::v1::DELIVERY_OUTCOME_APPLIED, "");
  log::Warning("agency", "message_not_applied",
               {{"message_id", opened.delivery.header.id()},
                {"reason", ReasonText(done)},
                {"code", absl::StatusCodeToString(done.code())}});
  // A damaged row of ours is no fault of the message.
  if (IsTransient(done) || (absl::IsDataLoss(done) && opened.opened.ok())) {
    Return(opened.delivery, ReasonText(done));
    return absl::OkStatus();
  }
  return Quarantine(opened, done);
}

absl::Status FrameEffect::Act(const OpenedDelivery& opened) {
  WS_RETURN_IF_ERROR(opened.opened);
  if (!opened.is_case()) return ActOnMemo(opened);
  WS_RETURN_IF_ERROR(MoveReferral(opened.delivery, &opened.content));
  return handler_.OnCase(MessageOf(opened), tx_);
}

absl::Status FrameEffect::ActOnMemo(const OpenedDelivery& opened) {
  const MemoMessage memo = MemoOf(opened);
  if (memo.header.type() != kFindingMemo) return handler_.OnMemo(memo, tx_);
  return TakeFinding(memo, AuditorIdentity(identity_.trust_domain), tx_.db());
}

absl::Status FrameEffect::Quarantine(const OpenedDelivery& opened, const absl::Status& why) {
  const VerifiedDelivery& delivery = opened.delivery;
  std::string problem = absl::StrCat("a message could not be applied: ", why.message());
  if (opened.is_case()) WS_RETURN_IF_ERROR(ShowProblem(delivery, problem));
  return AddReceipt(delivery, bus::v1::DELIVERY_OUTCOME_QUARANTINED, problem);
}

// The header is the sender's signed word, so the referral is shown with the problem
// even when the content cannot be read; unless it is not ours at all.
absl::Status FrameEffect::ShowProblem(const VerifiedDelivery& delivery,
                                      const std::string& problem) {
  absl::Status shown = tx_.db().Savepoint([&]() -> absl::Status {
    WS_RETURN_IF_ERROR(MoveReferral(delivery, nullptr));
    WS_ASSIGN_OR_RETURN(ReferralRow row,
                        GetReferral(tx_.db(), delivery.header.referral().referral_id()));
    row.detail.set_problem(problem);
    row.attention = true;
    return SaveReferral(tx_.db(), row);
  });
  return absl::IsDataLoss(shown) ? shown : absl::OkStatus();
}

absl::StatusOr<ReferralRow> FrameEffect::RowFor(const VerifiedDelivery& delivery) {
  const bus::v1::Header& header = delivery.header;
  if (!header.has_referral() || header.recipients_size() < 1) return NotOurs("none in the header");
  WS_ASSIGN_OR_RETURN(std::optional<ReferralRow> row,
                      FindReferral(tx_.db(), header.referral().referral_id()));
  bool request = header.referral().transition() == types::v1::TRANSITION_REQUEST;
  if (request) {
    if (row.has_value()) return NotOurs("requested a second time");
    if (header.recipients(0) != identity_.spiffe_id) return NotOurs("we are not its target");
    return NewTargetRow(header);
  }
  if (!row.has_value()) return NotOurs("its request never came");
  if (row->other() != header.source()) return NotOurs("the sender is not its other party");
  return *std::move(row);
}

absl::Status FrameEffect::MoveReferral(const VerifiedDelivery& delivery,
                                       const CaseContent* content) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, RowFor(delivery));
  const bus::v1::ReferralHeader& step = delivery.header.referral();
  AcceptStep(row, step.transition(), step.expected_version(), step.scope_version(),
             delivery.accept_time);
  if (step.transition() == types::v1::TRANSITION_REQUEST) {
    // Our receipt for it makes it "received"; what we send waits for that.
    row.own = {After(row.bus.standing, types::v1::TRANSITION_RECEIVED), 2, row.bus.scope};
  }
  row.gate = delivery.header.id();
  if (IsFinal(row.own.standing.state)) row.attention = true;
  if (step.has_due_time()) row.due = FromProtoTime(step.due_time());
  if (content != nullptr) {
    row.detail.set_person(content->person());
    row.detail.set_our_unit(content->to_unit());
    row.detail.set_other_unit(content->from_unit());
    if (!content->due_basis().empty()) row.detail.set_due_basis(content->due_basis());
  }
  return SaveReferral(tx_.db(), row);
}

absl::Status FrameEffect::AddReceipt(const VerifiedDelivery& delivery,
                                     bus::v1::DeliveryOutcome outcome, const std::string& problem) {
  bus::v1::DeliveryReceipt receipt;
  receipt.set_message_id(delivery.header.id());
  receipt.set_envelope_hash(std::string(crypto::AsBytes(delivery.envelope_hash)));
  receipt.set_recipient(identity_.spiffe_id);
  receipt.set_outcome(outcome);
  receipt.set_attempt(delivery.attempt);
  *receipt.mutable_time() = ToProtoTime(tx_.now());
  receipts_.push_back(receipt.SerializeAsString());
  const bus::v1::ReferralHeader& step = delivery.header.referral();
  rows_.push_back({receipt.message_id(), receipt.envelope_hash(), step.referral_id(),
                   step.transition(), outcome, receipt.attempt(), Ack::kSent, problem, 0,
                   delivery.header.source()});
  return absl::OkStatus();
}

absl::Status FrameEffect::SignReceipts() {
  if (receipts_.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(bus::v1::ReceiptBatch batch,
                      identity_.signer->SignReceipts(std::move(receipts_), tx_.now()));
  WS_ASSIGN_OR_RETURN(int64_t id, AddBatch(tx_.db(), batch));
  for (InboxRow& row : rows_) {
    row.batch_id = id;
    WS_RETURN_IF_ERROR(SaveReceived(tx_.db(), row, tx_.now()));
  }
  reply_.receipts.push_back(batch.SerializeAsString());
  return absl::OkStatus();
}

void FrameEffect::Return(const VerifiedDelivery& delivery, std::string_view reason) {
  reply_.given_back.push_back({delivery.header.id(), delivery.attempt, std::string(reason)});
}

namespace {

// Our receipt for a request is on the record: the bus has it as "received",
// unless the requester was faster with another step, which then tells so itself.
absl::Status TakeOverReceived(Transaction& db, const InboxRow& received) {
  WS_ASSIGN_OR_RETURN(std::optional<ReferralRow> row, FindReferral(db, received.referral_id));
  if (!row.has_value() || row->bus.version != 1) return absl::OkStatus();
  row->bus = {After(row->bus.standing, types::v1::TRANSITION_RECEIVED), 2, row->bus.scope};
  return SaveReferral(db, *row);
}

}  // namespace

absl::Status ApplyAckResults(Transaction& db,
                             const std::vector<std::pair<std::string, absl::Status>>& results) {
  for (const auto& [message_id, result] : results) {
    WS_ASSIGN_OR_RETURN(std::optional<InboxRow> received, FindReceived(db, message_id));
    if (!received.has_value()) continue;  // The result of a nack.
    if (!result.ok()) {
      log::Error("agency", "receipt_refused",
                 {{"message_id", message_id}, {"reason", ReasonOf(result)}});
    }
    WS_RETURN_IF_ERROR(SetAck(db, message_id, result.ok() ? Ack::kOnRecord : Ack::kRefused));
    if (result.ok() && received->transition == types::v1::TRANSITION_REQUEST) {
      WS_RETURN_IF_ERROR(TakeOverReceived(db, *received));
    }
  }
  return absl::OkStatus();
}

}  // namespace waystation::agency
