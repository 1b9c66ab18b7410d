#include "services/broker/sequencer.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

// How far wall and monotonic clock may part before time-driven records halt.
constexpr absl::Duration kClockStepMax = absl::Seconds(5);
constexpr absl::Duration kIdleMax = absl::Seconds(1);

// A group of messages stays together, so that one frame is one answer.
bool HasRoom(const Block& block, const Command& command) {
  const auto* group = std::get_if<PublishGroup>(&command);
  if (group == nullptr || block.accepted.empty()) return true;
  return block.accepted.size() + group->messages.size() <= kBatchLeavesMax;
}

}  // namespace

Sequencer::Sequencer(Options options, State state)
    : options_(std::move(options)),
      handlers_(std::move(state), *options_.projection, *options_.refusals) {
  clock_base_ = (options_.clock->Now() - absl::UnixEpoch()) - options_.clock->Monotonic();
}

absl::StatusOr<std::unique_ptr<Sequencer>> Sequencer::Start(Options options, State state) {
  std::unique_ptr<Sequencer> sequencer(new Sequencer(std::move(options), std::move(state)));
  journal::Head head = sequencer->options_.journal->head();
  sequencer->epoch_ = std::max(head.epoch, sequencer->state().epoch()) + 1;
  auto block = std::make_unique<Block>(sequencer->JournalTime(), sequencer->salts_);
  journal::v1::EpochOpened* opened = block->NewRecord()->mutable_epoch_opened();
  opened->set_epoch(sequencer->epoch_);
  opened->set_broker(sequencer->options_.broker_identity);
  opened->set_log_origin(sequencer->options_.log_origin);
  block->Follow(sequencer->handlers_.mutable_state());
  journal::AppendOutcome outcome = block->Append(*sequencer->options_.journal, sequencer->epoch_);
  if (!outcome.committed()) return outcome.status;
  sequencer->last_sequence_ = sequencer->state().next_sequence() - 1;
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
      auto block = std::make_unique<Block>(JournalTime(), salts_);
      Fill(*block, commands);
      handlers_.RecordRefusals(/*all=*/last, *block);
      if (last) block->snapshot = state().ToSnapshot().SerializeAsString();
      Commit(std::move(block));
    } while (!commands.empty());
    handlers_.Forget(options_.projected->load(std::memory_order_acquire));
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
  int64_t next_us = state().NextDueUs(last_block_us_);
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
  return std::max(state().last_time_us() + 1, absl::ToUnixMicros(now));
}

void Sequencer::Fill(Block& block, std::deque<Command>& commands) {
  last_block_us_ = block.time_us();
  if (!clock_halted_ && state().NextDueUs(block.time_us()) <= block.time_us()) {
    handlers_.Tick(block);
  }
  while (!commands.empty() && !block.full() && HasRoom(block, commands.front())) {
    handlers_.Handle(std::move(commands.front()), block);
    commands.pop_front();
  }
  lease_on_ = !handlers_.LeaseAll(block);
}

void Sequencer::Finish(Block& block) {
  absl::Status finished = handlers_.Finish(*options_.signer, options_.clock->Now(), block);
  if (!finished.ok()) Fatal(finished.ToString());
  bool snapshot_due = state().next_sequence() > snapshot_at_ + options_.snapshot_records;
  if (snapshot_due) block.snapshot = state().ToSnapshot().SerializeAsString();
  if (!block.snapshot.empty()) snapshot_at_ = state().next_sequence() - 1;
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
    last_sequence_.store(state().next_sequence() - 1, std::memory_order_release);
  }
  options_.committed(std::move(block));
}

}  // namespace waystation::broker
