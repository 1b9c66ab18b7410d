#include <algorithm>
#include <optional>
#include <utility>

#include "common/status/status.h"
#include "services/broker/core/state.h"

// The snapshot half of State: same contents, same bytes.

namespace waystation::broker {
namespace {

v1::MessageSnapshot SnapshotOf(const QueuedMessage& message) {
  v1::MessageSnapshot snapshot;
  snapshot.set_sequence(message.sequence);
  snapshot.set_id(message.id.data(), message.id.size());
  snapshot.set_envelope_hash(std::string(crypto::AsBytes(message.envelope_hash)));
  snapshot.set_ordering_key(message.ordering_key);
  if (message.request_of.has_value()) {
    snapshot.set_request_of(std::string(AsBytes(*message.request_of)));
  }
  snapshot.set_accept_us(message.accept_us);
  snapshot.set_not_before_us(message.not_before_us);
  snapshot.set_expire_us(message.expire_us);
  snapshot.set_size_bytes(message.bytes);
  snapshot.set_attempt(message.attempt);
  snapshot.set_stage(static_cast<uint32_t>(message.stage));
  snapshot.set_due_us(message.due_us);
  snapshot.set_last_reason(message.last_reason);
  snapshot.set_attempt_most(message.attempt_most);
  snapshot.set_place(message.place);
  snapshot.set_is_case(message.is_case);
  return snapshot;
}

absl::StatusOr<QueuedMessage> MessageFrom(const v1::MessageSnapshot& snapshot) {
  std::optional<ReferralId> id = ReferralIdFrom(snapshot.id());  // 16 bytes, like a UUID.
  std::optional<crypto::Digest> hash = crypto::DigestFrom(snapshot.envelope_hash());
  if (!id.has_value() || !hash.has_value() ||
      snapshot.stage() > static_cast<uint32_t>(Stage::kDead)) {
    return absl::DataLossError("snapshot: a queued message is malformed");
  }
  QueuedMessage message;
  message.sequence = snapshot.sequence();
  message.id = *id;
  message.envelope_hash = *hash;
  message.ordering_key = snapshot.ordering_key();
  message.request_of = ReferralIdFrom(snapshot.request_of());
  message.accept_us = snapshot.accept_us();
  message.not_before_us = snapshot.not_before_us();
  message.expire_us = snapshot.expire_us();
  message.bytes = snapshot.size_bytes();
  message.attempt = snapshot.attempt();
  message.stage = static_cast<Stage>(snapshot.stage());
  message.due_us = snapshot.due_us();
  message.last_reason = snapshot.last_reason();
  message.attempt_most = snapshot.attempt_most();
  message.place = snapshot.place();
  message.is_case = snapshot.is_case();
  return message;
}

}  // namespace

v1::ReferralSnapshot ToSnapshot(const Referral& referral) {
  v1::ReferralSnapshot snapshot;
  snapshot.set_id(std::string(AsBytes(referral.id)));
  snapshot.set_root(std::string(AsBytes(referral.root)));
  snapshot.set_requester(referral.requester);
  snapshot.set_target(referral.target);
  snapshot.set_state(referral.state);
  snapshot.set_former(referral.former);
  snapshot.set_version(referral.version);
  snapshot.set_scope_version(referral.scope_version);
  snapshot.set_scope_unanswered(referral.scope_unanswered);
  snapshot.set_due_us(referral.due_us);
  snapshot.set_expire_us(referral.expire_us);
  snapshot.set_requested_us(referral.requested_us);
  snapshot.set_since_us(referral.since_us);
  snapshot.set_request_sequence(referral.request_sequence);
  snapshot.set_last_sequence(referral.last_sequence);
  return snapshot;
}

absl::StatusOr<Referral> FromSnapshot(const v1::ReferralSnapshot& snapshot) {
  std::optional<ReferralId> id = ReferralIdFrom(snapshot.id());
  std::optional<ReferralId> root = ReferralIdFrom(snapshot.root());
  if (!id.has_value() || !root.has_value() ||
      !types::v1::ReferralState_IsValid(static_cast<int>(snapshot.state())) ||
      !types::v1::ReferralState_IsValid(static_cast<int>(snapshot.former()))) {
    return absl::DataLossError("snapshot: a referral is malformed");
  }
  Referral referral;
  referral.id = *id;
  referral.root = *root;
  referral.requester = snapshot.requester();
  referral.target = snapshot.target();
  referral.state = static_cast<ReferralState>(snapshot.state());
  referral.former = static_cast<ReferralState>(snapshot.former());
  referral.version = snapshot.version();
  referral.scope_version = snapshot.scope_version();
  referral.scope_unanswered = snapshot.scope_unanswered();
  referral.due_us = snapshot.due_us();
  referral.expire_us = snapshot.expire_us();
  referral.requested_us = snapshot.requested_us();
  referral.since_us = snapshot.since_us();
  referral.request_sequence = snapshot.request_sequence();
  referral.last_sequence = snapshot.last_sequence();
  return referral;
}

v1::Snapshot State::ToSnapshot() const {
  v1::Snapshot snapshot;
  snapshot.set_last_sequence(last_sequence_);
  snapshot.set_last_time_us(last_time_us_);
  snapshot.set_epoch(epoch_);
  snapshot.set_latest_id_ms(latest_id_ms_);
  snapshot.set_bus_id(bus_id_);
  snapshot.set_log_leaves(log_leaves_);
  snapshot.set_log_signed_size(log_signed_size_);
  if (directory_ != nullptr) *snapshot.mutable_directory() = *directory_;
  if (policy_ != nullptr) *snapshot.mutable_policy() = *policy_;
  for (const auto& [identity, queue] : queues_) {
    v1::QueueSnapshot* kept = snapshot.add_queues();
    kept->set_identity(identity);
    for (const auto& [sequence, message] : queue.messages()) {
      *kept->add_messages() = SnapshotOf(*message);
    }
  }
  std::map<ReferralId, const Referral*> open;
  for (const auto& [id, referral] : ledger_.all()) {
    if (!IsFinal(referral.state)) open[id] = &referral;
  }
  for (const auto& [id, referral] : open) {
    *snapshot.add_open_referrals() = broker::ToSnapshot(*referral);
  }
  return snapshot;
}

absl::StatusOr<State> State::FromSnapshot(const v1::Snapshot& snapshot) {
  State state;
  state.last_sequence_ = snapshot.last_sequence();
  state.last_time_us_ = snapshot.last_time_us();
  state.epoch_ = snapshot.epoch();
  state.latest_id_ms_ = snapshot.latest_id_ms();
  state.bus_id_ = snapshot.bus_id();
  state.log_leaves_ = snapshot.log_leaves();
  state.log_signed_size_ = snapshot.log_signed_size();
  if (state.log_signed_size_ > state.log_leaves_) {
    return absl::DataLossError("snapshot: more of the log is signed than there is");
  }
  if (snapshot.has_directory()) {
    state.directory_ = std::make_shared<bus::v1::Directory>(snapshot.directory());
  }
  if (snapshot.has_policy()) {
    state.policy_ = std::make_shared<bus::v1::Policy>(snapshot.policy());
  }
  for (const v1::QueueSnapshot& kept : snapshot.queues()) {
    DeliveryQueue& queue = state.queues_[kept.identity()];
    for (const v1::MessageSnapshot& entry : kept.messages()) {
      WS_ASSIGN_OR_RETURN(QueuedMessage message, MessageFrom(entry));
      queue.Restore(std::move(message));
    }
  }
  for (const v1::ReferralSnapshot& entry : snapshot.open_referrals()) {
    WS_ASSIGN_OR_RETURN(Referral referral, broker::FromSnapshot(entry));
    state.ledger_.Restore(std::move(referral));
  }
  return state;
}

}  // namespace waystation::broker
