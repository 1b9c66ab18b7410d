#include "services/broker/sequencer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

// A frame of deliveries stays well below what gRPC carries.
constexpr size_t kLeaseMessagesMax = 256;
constexpr uint64_t kLeaseBytesMax = kFrameBytesMax - kPayloadBytesMax;
// How far wall and monotonic clock may part before time-driven records halt.
constexpr absl::Duration kClockStepMax = absl::Seconds(5);
constexpr absl::Duration kIdleMax = absl::Seconds(1);
constexpr size_t kRecentIdsMax = 200'000;
constexpr size_t kTickMessagesMax = 1024;
constexpr size_t kBlockBytesWanted = 4 * 1024 * 1024;

bool Full(const Block& block) {
  return block.record_count() >= kBlockRecordsMax || block.bytes() >= kBlockBytesWanted ||
         block.accepted.size() >= kBatchLeavesMax;
}

// A group of messages stays together, so that one frame is one answer.
bool HasRoom(const Block& block, const Command& command) {
  const auto* group = std::get_if<PublishGroup>(&command);
  if (group == nullptr || block.accepted.empty()) return true;
  return block.accepted.size() + group->messages.size() <= kBatchLeavesMax;
}

}  // namespace

Sequencer::Sequencer(Options options, State state)
    : options_(std::move(options)), state_(std::move(state)) {
  floor_ms_ = state_.latest_id_ms() + 1;
  clock_base_ = (options_.clock->Now() - absl::UnixEpoch()) - options_.clock->Monotonic();
}

absl::StatusOr<std::unique_ptr<Sequencer>> Sequencer::Start(Options options, State state) {
  std::unique_ptr<Sequencer> sequencer(new Sequencer(std::move(options), std::move(state)));
  journal::Head head = sequencer->options_.journal->head();
  sequencer->epoch_ = std::max(head.epoch, sequencer->state_.epoch()) + 1;
  auto block = std::make_unique<Block>(sequencer->JournalTime());
  journal::v1::EpochOpened* opened = block->NewRecord()->mutable_epoch_opened();
  opened->set_epoch(sequencer->epoch_);
  opened->set_broker(sequencer->options_.broker_identity);
  block->Follow(sequencer->state_);
  journal::AppendOutcome outcome = block->Append(*sequencer->options_.journal, sequencer->epoch_);
  if (!outcome.committed()) return outcome.status;
  sequencer->last_sequence_ = sequencer->state_.next_sequence() - 1;
  sequencer->snapshot_at_ = sequencer->last_sequence_;
  sequencer->options_.committed(std::move(block));
  sequencer->thread_ = std::thread([raw = sequencer.get()] { raw->Run(); });
  return sequencer;
}

Sequencer::~Sequencer() { Stop(); }

bool Sequencer::Post(Command command) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return false;
    commands_.push_back(std::move(command));
    if (commands_.size() > 1) return true;  // Somebody woke it already.
  }
  wake_.notify_one();
  return true;
}

void Sequencer::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Sequencer::Run() {
  while (true) {
    std::deque<Command> commands = TakeCommands();
    bool last = false;
    if (commands.empty()) {
      std::lock_guard<std::mutex> lock(mutex_);
      last = stopping_ && commands_.empty();
    }
    do {
      auto block = std::make_unique<Block>(JournalTime());
      Fill(*block, commands);
      RecordRefusals(*block, /*all=*/last);
      if (last) block->snapshot = state_.ToSnapshot().SerializeAsString();
      Commit(std::move(block));
    } while (!commands.empty());
    Forget();
    if (last) return;
  }
}

std::deque<Command> Sequencer::TakeCommands() {
  std::unique_lock<std::mutex> lock(mutex_);
  auto wait = absl::ToChronoMicroseconds(IdleTime());
  wake_.wait_for(lock, wait,
                 [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !commands_.empty(); });
  std::deque<Command> taken;
  taken.swap(commands_);
  return taken;
}

absl::Duration Sequencer::IdleTime() const {
  if (lease_on_) return absl::ZeroDuration();
  // What fell due since the last block's leases must not be slept past.
  int64_t next_us = state_.NextDueUs(last_block_us_);
  int64_t now_us = absl::ToUnixMicros(options_.clock->Now());
  if (next_us == std::numeric_limits<int64_t>::max() || clock_halted_) return kIdleMax;
  // Never less than a millisecond: journal time may run ahead of the clock.
  return std::clamp(absl::Microseconds(next_us - now_us), absl::Milliseconds(1), kIdleMax);
}

int64_t Sequencer::JournalTime() {
  absl::Time now = options_.clock->Now();
  absl::Duration drift = (now - absl::UnixEpoch()) - options_.clock->Monotonic() - clock_base_;
  if (absl::AbsDuration(drift) > kClockStepMax && !clock_halted_) {
    clock_halted_ = true;
    log::Error("broker", "clock_stepped",
               {{"drift_ms", absl::ToInt64Milliseconds(drift)},
                {"effect", "expiry and redelivery halt until the broker is restarted"}});
  }
  return std::max(state_.last_time_us() + 1, absl::ToUnixMicros(now));
}

void Sequencer::Fill(Block& block, std::deque<Command>& commands) {
  last_block_us_ = block.time_us();
  Tick(block);
  while (!commands.empty() && !Full(block) && HasRoom(block, commands.front())) {
    Command command = std::move(commands.front());
    commands.pop_front();
    std::visit([&](auto& kind) { Handle(block, std::move(kind)); }, command);
  }
  LeaseAll(block);
}

void Sequencer::Finish(Block& block) {
  absl::Status custody = block.SignCustody(*options_.signer, options_.clock->Now(), state_);
  if (!custody.ok()) Fatal(custody.ToString());
  for (const Changes::ReferralChange& change : block.changes.referrals) {
    const Referral* referral = state_.ledger().Find(change.id);
    if (referral == nullptr) continue;
    block.referrals.push_back(*referral);
    if (IsFinal(referral->state)) final_referrals_.emplace_back(change.record_sequence, change.id);
  }
  bool snapshot_due = state_.next_sequence() > snapshot_at_ + options_.snapshot_records;
  if (snapshot_due) block.snapshot = state_.ToSnapshot().SerializeAsString();
  if (!block.snapshot.empty()) snapshot_at_ = state_.next_sequence() - 1;
}

void Sequencer::Commit(std::unique_ptr<Block> block) {
  bool says_nothing = block->publishes.empty() && block->acks.empty() && block->callbacks.empty() &&
                      block->snapshot.empty();
  if (block->empty() && says_nothing) return;
  Finish(*block);
  if (!block->empty()) {
    journal::AppendOutcome outcome = block->Append(*options_.journal, epoch_);
    if (!outcome.committed()) {
      log::Error("broker", "append_failed", {{"status", outcome.status.ToString()}});
      Fatal("journal: append failed, the process ends rather than its honesty");
    }
    last_sequence_.store(state_.next_sequence() - 1, std::memory_order_release);
  }
  options_.committed(std::move(block));
}

void Sequencer::Handle(Block& block, PublishGroup group) {
  PublishReply reply{.sink = std::move(group.sink), .outcomes = {}};
  reply.outcomes.reserve(group.messages.size());
  for (auto& message : group.messages) {
    if (auto* refused = std::get_if<RefusedMessage>(&message)) {
      reply.outcomes.push_back(std::move(*refused));
    } else {
      reply.outcomes.push_back(
          Publish(block, std::move(std::get<std::shared_ptr<AdmittedMessage>>(message))));
    }
  }
  block.publishes.push_back(std::move(reply));
}

// Who lost a race learns where the referral is now; only a party gets so far.
absl::Status Sequencer::WithPresentVersion(const bus::v1::Header& header,
                                           const absl::Status& status) const {
  if (ReasonOf(status) != "STALE_VERSION") return status;
  std::optional<ReferralId> id = ReferralIdFrom(header.referral().referral_id());
  const Referral* referral = id.has_value() ? state_.ledger().Find(*id) : nullptr;
  if (referral == nullptr) return status;
  return rpc::WithErrorMetadata(status, "version", absl::StrCat(referral->version));
}

PublishOutcome Sequencer::Publish(Block& block, std::shared_ptr<AdmittedMessage> message) {
  const bus::v1::Header& header = message->header;
  if (header.has_referral()) LoadReferrals(*message);
  std::optional<KnownMessage> known = Known(message->id);
  journal::v1::Accepted accepted;
  absl::StatusOr<PublishDecision> decision =
      DecidePublish(state_,
                    {.header = &header,
                     .header_bytes = message->message.header(),
                     .signature_bytes = message->signature_bytes,
                     .envelope_hash = message->envelope_hash,
                     .certificate_sha256 = message->message.signature().certificate_sha256(),
                     .parent = message->parent,
                     .replaces = message->replaces,
                     .crl_number = message->crl_number},
                    known, block.time_us(), &accepted);
  if (!decision.ok()) {
    options_.refusals->Add(header.source(), "publish", decision.status());
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
  recent_[message->id] = {record->sequence(), message->envelope_hash};
  recent_order_.emplace_back(record->sequence(), message->id);
  block.AddAccepted(std::move(message), state_.bus_id());
  return AcceptedPlace{.index = block.accepted.size() - 1};
}

std::optional<KnownMessage> Sequencer::Known(const MessageId& id) {
  auto recent = recent_.find(id);
  if (recent != recent_.end()) return recent->second;
  if (IdMillis(id) >= floor_ms_) return std::nullopt;
  return options_.projection->FindMessage(id);
}

void Sequencer::LoadReferrals(const AdmittedMessage& message) {
  std::optional<ReferralId> own = ReferralIdFrom(message.header.referral().referral_id());
  for (const std::optional<ReferralId>& id : {own, message.parent, message.replaces}) {
    if (!id.has_value() || state_.ledger().Find(*id) != nullptr) continue;
    std::optional<Referral> evicted = options_.projection->FindReferral(*id);
    if (evicted.has_value()) state_.mutable_ledger().Restore(*std::move(evicted));
  }
}

void Sequencer::Handle(Block&, OpenPull open) {
  services_[open.session->queue].sessions.push_back(std::move(open.session));
}

void Sequencer::Handle(Block& block, ClosePull close) {
  Service& service = services_[close.session->queue];
  std::erase(service.sessions, close.session);
  std::vector<uint64_t> leased;
  for (const auto& [sequence, bytes] : close.session->outstanding) leased.push_back(sequence);
  std::sort(leased.begin(), leased.end());
  for (uint64_t sequence : leased) service.owners.erase(sequence);
  close.session->outstanding.clear();
  for (std::span<const uint64_t> rest = leased; !rest.empty();) {
    std::span<const uint64_t> some = rest.first(std::min(rest.size(), kRecordSequencesMax));
    rest = rest.subspan(some.size());
    journal::v1::GivenBack given_back;
    if (!DecideStreamClosed(state_, close.session->queue, some, block.time_us(), &given_back)) {
      continue;
    }
    *block.NewRecord()->mutable_given_back() = std::move(given_back);
    block.Follow(state_);
  }
}

void Sequencer::Handle(Block&, ChangeLimit change) { change.session->limit = change.limit; }

void Sequencer::Handle(Block& block, ReceiptGroup group) {
  const std::string& queue = group.session->queue;
  std::vector<absl::StatusOr<uint64_t>> judged = DecideReceipts(state_, queue, group.views);
  journal::v1::Delivered delivered;
  bool changes_something = false;
  for (size_t i = 0; i < judged.size(); ++i) {
    uint64_t sequence = judged[i].ok() ? *judged[i] : 0;
    delivered.add_sequences(sequence);
    changes_something |= sequence != 0;
    absl::Status status = judged[i].status();
    if (judged[i].ok() && sequence == 0) status = JudgePastReceipt(group.views[i]);
    if (!status.ok()) options_.refusals->Add(queue, "receipt", status);
    block.acks.push_back({.session = group.session,
                          .message_id = FormatUuid(group.views[i].id),
                          .status = std::move(status)});
  }
  if (!changes_something) return;
  Service& service = services_[queue];
  for (uint64_t sequence : delivered.sequences()) Release(service, sequence);
  delivered.set_queue(queue);
  delivered.set_statement(std::move(*group.batch.mutable_statement()));
  delivered.set_signature(std::move(*group.batch.mutable_signature()));
  delivered.set_certificate_sha256(std::move(*group.batch.mutable_certificate_sha256()));
  delivered.mutable_receipts()->Swap(group.batch.mutable_receipts());
  *block.NewRecord()->mutable_delivered() = std::move(delivered);
  block.Follow(state_);
}

absl::Status Sequencer::JudgePastReceipt(const ReceiptView& receipt) {
  std::optional<KnownMessage> known = Known(receipt.id);
  if (!known.has_value()) {
    return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE",
                   "delivery receipt: the bus never had this message");
  }
  if (known->envelope_hash == receipt.envelope_hash) return absl::OkStatus();
  return Refusal(absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
                 "delivery receipt: envelope_hash is not the message's");
}

void Sequencer::Handle(Block& block, NackOne nack) {
  journal::v1::GivenBack given_back;
  absl::Status status =
      DecideNack(state_, nack.session->queue, nack.command, block.time_us(), &given_back);
  block.acks.push_back(
      {.session = nack.session, .message_id = FormatUuid(nack.command.id), .status = status});
  if (!status.ok()) return options_.refusals->Add(nack.session->queue, "receipt", status);
  ReleaseAll(given_back);
  *block.NewRecord()->mutable_given_back() = std::move(given_back);
  block.Follow(state_);
}

void Sequencer::Handle(Block& block, ExtendOne extend) {
  journal::v1::LeaseExtended extended;
  absl::Status status = DecideExtend(state_, extend.session->queue, extend.id, extend.attempt,
                                     block.time_us() + extend.ack_deadline_us, &extended);
  block.acks.push_back({.session = std::move(extend.session),
                        .message_id = FormatUuid(extend.id),
                        .status = status});
  if (!status.ok()) return;
  *block.NewRecord()->mutable_lease_extended() = std::move(extended);
  block.Follow(state_);
}

void Sequencer::Handle(Block& block, Redrive redrive) {
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

void Sequencer::Handle(Block& block, Inspect inspect) {
  inspect.look(state_);
  block.callbacks.push_back(std::move(inspect.done));
}

void Sequencer::Tick(Block& block) {
  if (clock_halted_ || state_.NextDueUs(block.time_us()) > block.time_us()) return;
  for (journal::v1::Record& due : DecideTick(state_, block.time_us(), kTickMessagesMax)) {
    if (due.has_given_back()) ReleaseAll(due.given_back());
    *block.NewRecord() = std::move(due);
    block.Follow(state_);
  }
}

void Sequencer::RecordRefusals(Block& block, bool all) {
  if (options_.refusals->empty()) return;
  for (journal::v1::Refused& refused : options_.refusals->Take(all)) {
    *block.NewRecord()->mutable_refused() = std::move(refused);
    block.Follow(state_);
  }
}

void Sequencer::LeaseAll(Block& block) {
  lease_on_ = false;
  for (auto& [queue, service] : services_) {
    // Each session in turn, until a whole round gave nothing.
    size_t idle = 0;
    while (!service.sessions.empty() && idle < service.sessions.size()) {
      if (Full(block)) {
        lease_on_ = true;
        return;
      }
      const auto& session = service.sessions[service.next++ % service.sessions.size()];
      idle = LeaseTo(block, service, session) ? 0 : idle + 1;
    }
  }
}

bool Sequencer::LeaseTo(Block& block, Service& service,
                        const std::shared_ptr<PullSession>& session) {
  if (session->outstanding.size() >= session->limit.messages ||
      session->outstanding_bytes >= session->limit.bytes) {
    return false;
  }
  Credit left{
      .messages = session->limit.messages - static_cast<uint32_t>(session->outstanding.size()),
      .bytes = std::min(kLeaseBytesMax, session->limit.bytes - session->outstanding_bytes)};
  journal::v1::Leased leased;
  bool any = DecideLease(state_,
                         {.queue = session->queue,
                          .client_id = session->client_id,
                          .credit = left,
                          .ack_deadline_us = session->ack_deadline_us,
                          .count_max = kLeaseMessagesMax},
                         block.time_us(), &leased);
  if (!any) return false;
  *block.NewRecord()->mutable_leased() = std::move(leased);
  block.Follow(state_);
  const journal::v1::Leased& followed = block.records().back()->leased();
  const DeliveryQueue& queue = *state_.FindQueue(session->queue);
  LeaseGrant grant{.session = session, .grants = {}, .deadline_us = followed.deadline_us()};
  for (uint64_t sequence : followed.sequences()) {
    const QueuedMessage& message = *queue.Find(sequence);
    grant.grants.push_back({.sequence = sequence, .attempt = message.attempt});
    session->outstanding[sequence] = message.bytes;
    session->outstanding_bytes += message.bytes;
    service.owners[sequence] = session;
  }
  block.leases.push_back(std::move(grant));
  return true;
}

void Sequencer::Release(Service& service, uint64_t sequence) {
  auto owner = service.owners.find(sequence);
  if (owner == service.owners.end()) return;
  PullSession& session = *owner->second;
  auto held = session.outstanding.find(sequence);
  if (held != session.outstanding.end()) {
    session.outstanding_bytes -= held->second;
    session.outstanding.erase(held);
  }
  service.owners.erase(owner);
}

void Sequencer::ReleaseAll(const journal::v1::GivenBack& given_back) {
  Service& service = services_[given_back.queue()];
  for (uint64_t sequence : given_back.sequences()) Release(service, sequence);
}

void Sequencer::Forget() {
  uint64_t projected = options_.projected->load(std::memory_order_acquire);
  while (recent_order_.size() > kRecentIdsMax && recent_order_.front().first <= projected) {
    const MessageId& oldest = recent_order_.front().second;
    floor_ms_ = std::max(floor_ms_, IdMillis(oldest) + 1);
    recent_.erase(oldest);
    recent_order_.pop_front();
  }
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
