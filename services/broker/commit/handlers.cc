#include "services/broker/commit/handlers.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

constexpr size_t kTickMessagesMax = 1024;

}  // namespace

Handlers::Handlers(State state, const Projection& projection, RefusalLog& refusals)
    : state_(std::move(state)),
      projection_(projection),
      refusals_(refusals),
      ids_(projection, state_.latest_id_ms()) {}

void Handlers::Handle(Command command, Block& block) {
  std::visit([&](auto& kind) { Do(std::move(kind), block); }, command);
}

// --- Publishing.

void Handlers::Do(PublishGroup group, Block& block) {
  PublishReply reply{.sink = std::move(group.sink), .outcomes = {}};
  reply.outcomes.reserve(group.messages.size());
  for (auto& message : group.messages) {
    if (auto* refused = std::get_if<RefusedMessage>(&message)) {
      reply.outcomes.push_back(std::move(*refused));
    } else {
      reply.outcomes.push_back(
          Publish(std::move(std::get<std::shared_ptr<AdmittedMessage>>(message)), block));
    }
  }
  block.publishes.push_back(std::move(reply));
}

PublishOutcome Handlers::Publish(std::shared_ptr<AdmittedMessage> message, Block& block) {
  const bus::v1::Header& header = message->header;
  if (header.has_referral()) LoadReferrals(*message);
  std::optional<KnownMessage> known = ids_.Find(message->id);
  journal::v1::Accepted accepted;
  absl::StatusOr<PublishDecision> decision =
      DecidePublish(state_,
                    {.header = &header,
                     .header_bytes = message->header_bytes,
                     .signature_bytes = message->signature_bytes,
                     .envelope_hash = message->envelope_hash,
                     .certificate_sha256 = crypto::AsBytes(message->certificate_sha256),
                     .parent = message->parent,
                     .replaces = message->replaces,
                     .crl_number = message->crl_number},
                    known, block.time_us(), &accepted);
  if (!decision.ok()) {
    refusals_.Add(header.source(), "publish", decision.status());
    return RefusedMessage{.message_id = header.id(),
                          .status = WithPresentVersion(header, decision.status())};
  }
  if (*decision == PublishDecision::kDuplicate) {
    return DuplicateOf{.sequence = known->sequence, .message_id = header.id()};
  }
  journal::v1::Record* record = block.NewRecord();
  *record->mutable_accepted() = std::move(accepted);
  record->mutable_accepted()->set_payload_index(block.next_payload_index());
  block.Follow(state_, &header);
  ids_.Add(message->id, {record->sequence(), message->envelope_hash});
  block.AddAccepted(std::move(message), state_.bus_id());
  return AcceptedPlace{.index = block.accepted.size() - 1};
}

// Who lost a race learns where the referral is now; only a party gets so far.
absl::Status Handlers::WithPresentVersion(const bus::v1::Header& header,
                                          const absl::Status& status) const {
  if (ReasonOf(status) != "STALE_VERSION") return status;
  std::optional<ReferralId> id = ReferralIdFrom(header.referral().referral_id());
  const Referral* referral = id.has_value() ? state_.ledger().Find(*id) : nullptr;
  if (referral == nullptr) return status;
  return rpc::WithErrorMetadata(status, "version", absl::StrCat(referral->version));
}

void Handlers::LoadReferrals(const AdmittedMessage& message) {
  std::optional<ReferralId> own = ReferralIdFrom(message.header.referral().referral_id());
  for (const std::optional<ReferralId>& id : {own, message.parent, message.replaces}) {
    if (!id.has_value() || state_.ledger().Find(*id) != nullptr) continue;
    std::optional<Referral> evicted = projection_.FindReferral(*id);
    if (evicted.has_value()) state_.mutable_ledger().Restore(*std::move(evicted));
  }
}

// --- Delivery.

void Handlers::Do(OpenPull open, Block&) { leasing_.Open(std::move(open.session)); }

void Handlers::Do(ClosePull close, Block& block) { leasing_.Close(close.session, state_, block); }

void Handlers::Do(ChangeLimit change, Block&) { change.session->limit = change.limit; }

void Handlers::Do(ReceiptGroup group, Block& block) {
  const std::string& queue = group.session->queue;
  std::vector<absl::StatusOr<uint64_t>> judged = DecideReceipts(state_, queue, group.views);
  journal::v1::Delivered delivered;
  AckReply reply{.session = group.session, .acks = {}};
  reply.acks.reserve(judged.size());
  bool changes_something = false;
  for (size_t i = 0; i < judged.size(); ++i) {
    delivered.add_sequences(judged[i].ok() ? *judged[i] : 0);
    changes_something |= delivered.sequences(static_cast<int>(i)) != 0;
    reply.acks.push_back(AckFor(group.views[i], judged[i]));
    const Ack& ack = reply.acks.back();
    // One of the past is not judged yet.
    if (!ack.status.ok() && ack.past_sequence == 0) refusals_.Add(queue, "receipt", ack.status);
  }
  block.acks.push_back(std::move(reply));
  if (!changes_something) return;
  leasing_.Release(queue, delivered.sequences());
  delivered.set_queue(queue);
  delivered.set_statement(std::move(*group.batch.mutable_statement()));
  delivered.set_signature(std::move(*group.batch.mutable_signature()));
  delivered.set_certificate_sha256(std::move(*group.batch.mutable_certificate_sha256()));
  delivered.mutable_receipts()->Swap(group.batch.mutable_receipts());
  *block.NewRecord()->mutable_delivered() = std::move(delivered);
  block.Follow(state_);
}

Ack Handlers::AckFor(const ReceiptView& receipt, const absl::StatusOr<uint64_t>& judged) const {
  Ack ack{.id = receipt.id, .status = judged.status()};
  if (!judged.ok() || *judged != 0) return ack;
  // For what is in the queue no more, or never was.
  std::optional<KnownMessage> known = ids_.Find(receipt.id);
  if (!known.has_value()) {
    ack.status = NeverHeld(receipt.id);
    return ack;
  }
  ack.past_sequence = known->sequence;
  if (known->envelope_hash != receipt.envelope_hash) {
    ack.status = OfAnotherEnvelope(receipt.envelope_hash);
  }
  return ack;
}

void Handlers::Do(NackOne nack, Block& block) {
  journal::v1::GivenBack given_back;
  absl::Status status =
      DecideNack(state_, nack.session->queue, nack.command, block.time_us(), &given_back);
  block.acks.push_back(
      {.session = nack.session, .acks = {{.id = nack.command.id, .status = status}}});
  if (!status.ok()) return refusals_.Add(nack.session->queue, "receipt", status);
  leasing_.Release(given_back.queue(), given_back.sequences());
  *block.NewRecord()->mutable_given_back() = std::move(given_back);
  block.Follow(state_);
}

void Handlers::Do(ExtendOne extend, Block& block) {
  journal::v1::LeaseExtended extended;
  absl::Status status = DecideExtend(state_, extend.session->queue, extend.id, extend.attempt,
                                     block.time_us() + extend.ack_deadline_us, &extended);
  block.acks.push_back(
      {.session = std::move(extend.session), .acks = {{.id = extend.id, .status = status}}});
  if (!status.ok()) return;
  *block.NewRecord()->mutable_lease_extended() = std::move(extended);
  block.Follow(state_);
}

void Handlers::Do(Redrive redrive, Block& block) {
  uint64_t count = 0;
  absl::Status status;
  // One record holds so many; a long list of dead letters takes several.
  while (true) {
    journal::v1::Redriven redriven;
    status =
        DecideRedrive(state_, redrive.queue, redrive.ids, redrive.operator_identity, &redriven);
    if (!status.ok() || redriven.sequences_size() == 0) break;
    count += static_cast<uint64_t>(redriven.sequences_size());
    *block.NewRecord()->mutable_redriven() = std::move(redriven);
    block.Follow(state_);
  }
  absl::StatusOr<uint64_t> result = status.ok() ? absl::StatusOr<uint64_t>(count) : status;
  block.callbacks.push_back([done = std::move(redrive.done), result] { done(result); });
}

void Handlers::Do(LogSigned signed_log, Block& block) {
  journal::v1::CheckpointSigned checkpoint;
  if (!DecideCheckpoint(state_, signed_log.checkpoint, &checkpoint)) return;
  *block.NewRecord()->mutable_checkpoint_signed() = std::move(checkpoint);
  block.Follow(state_);
}

void Handlers::Do(Inspect inspect, Block& block) {
  inspect.look(state_);
  block.callbacks.push_back(std::move(inspect.done));
}

// --- No command's.

void Handlers::Tick(Block& block) {
  for (journal::v1::Record& due : DecideTick(state_, block.time_us(), kTickMessagesMax)) {
    if (due.has_given_back()) {
      leasing_.Release(due.given_back().queue(), due.given_back().sequences());
    }
    *block.NewRecord() = std::move(due);
    block.Follow(state_);
  }
}

void Handlers::RecordRefusals(bool all, Block& block) {
  if (refusals_.empty()) return;
  for (journal::v1::Refused& refused : refusals_.Take(all)) {
    *block.NewRecord()->mutable_refused() = std::move(refused);
    block.Follow(state_);
  }
}

absl::Status Handlers::Finish(const evidence::Signer& signer, absl::Time now, Block& block) {
  WS_RETURN_IF_ERROR(block.SignCustody(signer, now, state_));
  for (const Changes::ReferralChange& change : block.changes.referrals) {
    const Referral* referral = state_.ledger().Find(change.id);
    if (referral == nullptr) continue;
    block.referrals.push_back(*referral);
    if (IsFinal(referral->state)) final_referrals_.emplace_back(change.record_sequence, change.id);
  }
  return absl::OkStatus();
}

void Handlers::Forget(uint64_t projected) {
  ids_.Forget(projected);
  while (!final_referrals_.empty() && final_referrals_.front().first <= projected) {
    // One that moved again meanwhile stands further back as well.
    const Referral* referral = state_.ledger().Find(final_referrals_.front().second);
    if (referral != nullptr && referral->last_sequence <= projected) {
      state_.mutable_ledger().Evict(final_referrals_.front().second);
    }
    final_referrals_.pop_front();
  }
}

}  // namespace waystation::broker
