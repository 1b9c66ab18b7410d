#include "services/broker/core/core_history.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

constexpr int kCommands = 300;

Record Genesis() {
  Record record;
  journal::v1::Genesis* genesis = record.mutable_genesis();
  genesis->set_bus_id("0123456789abcdef");
  genesis->set_format_level(kFormatLevel);
  for (const std::string& agency : kAgencies) {
    genesis->mutable_directory()->add_identities()->set_identity(agency);
  }
  bus::v1::DeliveryPolicy* delivery = genesis->mutable_policy()->mutable_delivery();
  delivery->set_attempts_max(NaiveBus::kAttemptsMax);
  delivery->set_backoff_min_ms(NaiveBus::kBackoffMinUs / 1000);
  delivery->set_backoff_max_ms(NaiveBus::kBackoffMaxUs / 1000);
  genesis->mutable_policy()->set_version(1);
  return record;
}

Stage StageOf(const NaiveMessage& message) {
  if (message.dead) return Stage::kDead;
  if (message.leased) return Stage::kLeased;
  if (message.blocked) return Stage::kBlocked;
  return message.due_us != 0 ? Stage::kWaiting : Stage::kReady;
}

}  // namespace

CoreHistory::CoreHistory(uint64_t seed) : random_(seed), naive_(kAgencies) {
  Follow(Genesis());
  EpochOpened();
}

void CoreHistory::Run() {
  uint64_t snapshot_at = Below(kCommands);
  for (uint64_t i = 0; i < kCommands && !::testing::Test::HasFailure(); ++i) {
    if (i == snapshot_at) KeepSnapshot();
    Command();
    Compare();
  }
  if (::testing::Test::HasFailure()) return;
  ExpectFoldAgrees();
  ExpectSnapshotAndTailAgree();
  Drain();
}

MessageId CoreHistory::AnyId() {
  MessageId id;
  for (uint8_t& byte : id) byte = static_cast<uint8_t>(Below(256));
  return id;
}

void CoreHistory::Note(const std::string& what, const std::string& outcome) {
  ++outcomes_[what + ": " + outcome.substr(0, outcome.find_first_of("0123456789"))];
}

void CoreHistory::Same(const std::string& what, const std::string& core, const std::string& naive) {
  Note(what, core);
  EXPECT_EQ(core, naive) << what << " at record " << core_.next_sequence();
}

std::string CoreHistory::Text(const absl::Status& status) {
  if (status.ok()) return "OK";
  return absl::StatusCodeToString(status.code()) + " " + ReasonOf(status);
}

void CoreHistory::Follow(Record record) {
  record.set_sequence(core_.next_sequence());
  record.set_time_us(now_us_);
  if (!record.has_checkpoint_signed()) {
    record.set_salt("sixteen bytes of");
    record.set_log_index(leaves_++);
  }
  absl::Status status = core_.Apply(record);
  ASSERT_TRUE(status.ok()) << status;
  records_.push_back(std::move(record));
}

void CoreHistory::Command() {
  // Half of the time nothing passes between two commands: equal times matter.
  if (Chance(50)) now_us_ += static_cast<int64_t>(Below(20'000));
  if (Chance(2)) now_us_ += static_cast<int64_t>(Below(3'000'000));
  uint64_t choice = Below(100);
  if (choice < 14) return Publish(Plain());
  if (choice < 20) return Publish(RequestMessage());
  if (choice < 36) return Publish(StepMessage());
  if (choice < 39) return Again();
  if (choice < 58) return Lease();
  if (choice < 72) return Receipts();
  if (choice < 80) return Nack();
  if (choice < 84) return Extend();
  if (choice < 95) return Tick(1 + Below(Chance(50) ? 3 : 50));
  if (choice < 97) return StreamClosed();
  if (choice < 98) return EpochOpened();
  if (choice < 99) return Checkpoint();
  Redrive();
}

// Signs some prefix of the log: it is on the record when it is longer than the last.
void CoreHistory::Checkpoint() {
  Record record;
  const uint64_t size = 1 + Below(leaves_);
  const bool recorded = DecideCheckpoint(core_, {.tree_size = size, .root = {}, .note = "note"},
                                         record.mutable_checkpoint_signed());
  Same("checkpoint", recorded ? "OK" : "nothing new", size > signed_size_ ? "OK" : "nothing new");
  if (!recorded) return;
  signed_size_ = size;
  Follow(std::move(record));
}

void CoreHistory::Compare() {
  EXPECT_EQ(core_.log_leaves(), leaves_);
  EXPECT_EQ(core_.log_signed_size(), signed_size_);
  for (const auto& [identity, queue] : core_.queues()) CompareQueue(identity, queue);
  EXPECT_TRUE(naive_.complaints.empty()) << absl::StrJoin(naive_.complaints, "\n");
  ASSERT_EQ(core_.ledger().all().size(), naive_.referrals.size());
  for (const NaiveReferral& want : naive_.referrals) CompareReferral(want);
  CompareDue();
}

void CoreHistory::CompareQueue(const std::string& identity, const DeliveryQueue& queue) {
  std::vector<NaiveMessage>& line = naive_.queues[identity];
  ASSERT_EQ(queue.size(), line.size()) << identity;
  uint64_t leased = 0;
  uint64_t dead = 0;
  for (const NaiveMessage& want : line) {
    const QueuedMessage* got = queue.Find(want.sequence);
    ASSERT_NE(got, nullptr) << identity << " " << want.sequence;
    bool same = got->stage == StageOf(want) && got->attempt == want.attempt &&
                got->attempt_most == want.attempt_most && got->last_reason == want.reason &&
                got->due_us == (want.dead || want.blocked ? 0 : want.due_us) &&
                queue.FindById(want.id) == got && got->expire_us == want.expire_us;
    EXPECT_TRUE(same) << identity << " " << want.sequence << ": stage "
                      << static_cast<int>(got->stage) << " want " << static_cast<int>(StageOf(want))
                      << ", attempt " << got->attempt << " want " << want.attempt << ", due "
                      << got->due_us << " want " << want.due_us << ", reason " << got->last_reason
                      << " want " << want.reason;
    leased += want.leased ? 1 : 0;
    dead += want.dead ? 1 : 0;
  }
  EXPECT_EQ(queue.leased(), leased);
  EXPECT_EQ(queue.dead(), dead);
}

void CoreHistory::CompareReferral(const NaiveReferral& want) {
  const Referral* got = core_.ledger().Find(want.id);
  ASSERT_NE(got, nullptr);
  bool same = got->state == want.state && got->former == want.former &&
              got->version == want.version && got->scope_version == want.scope &&
              got->scope_unanswered == want.scope_unanswered && got->root == want.root &&
              got->requester == want.requester && got->target == want.target &&
              got->request_sequence == want.request_sequence && got->expire_us == want.expire_us;
  EXPECT_TRUE(same) << "referral of record " << want.request_sequence << ": "
                    << StateName(got->state) << " version " << got->version << ", want "
                    << StateName(want.state) << " version " << want.version;
}

void CoreHistory::CompareDue() {
  int64_t due_us = core_.NextDueUs(now_us_);
  EXPECT_EQ(due_us, naive_.NextDueUs(now_us_));
  EXPECT_EQ(due_us <= now_us_, !DecideTick(core_, now_us_, 1).empty());
}

void CoreHistory::ExpectFoldAgrees() {
  State again;
  for (const Record& record : records_) ASSERT_TRUE(again.Apply(record).ok());
  EXPECT_EQ(again.ToSnapshot().SerializeAsString(), Bytes());
}

void CoreHistory::KeepSnapshot() {
  snapshot_ = Bytes();
  snapshot_records_ = records_.size();
  for (const auto& [id, referral] : core_.ledger().all()) {
    if (IsFinal(referral.state)) finals_.push_back(referral);
  }
}

void CoreHistory::ExpectSnapshotAndTailAgree() {
  v1::Snapshot parsed;
  ASSERT_TRUE(parsed.ParseFromString(snapshot_));
  auto restored = State::FromSnapshot(parsed);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->ToSnapshot().SerializeAsString(), snapshot_);
  // The projection holds the final ones; the snapshot does not.
  for (const Referral& referral : finals_) restored->mutable_ledger().Restore(referral);
  for (size_t i = snapshot_records_; i < records_.size(); ++i) {
    absl::Status status = restored->Apply(records_[i]);
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(restored->ToSnapshot().SerializeAsString(), Bytes());
}

void CoreHistory::Drain() {
  for (int round = 0; round < 1000 && !Drained(); ++round) {
    int64_t due_us = core_.NextDueUs(now_us_);
    if (due_us != INT64_MAX) now_us_ = std::max(now_us_, due_us);
    for (Record& record : DecideTick(core_, now_us_, 1000)) Follow(std::move(record));
    for (const std::string& agency : kAgencies) DrainQueue(agency);
  }
  EXPECT_TRUE(Drained());
}

bool CoreHistory::Drained() const {
  return std::all_of(core_.queues().begin(), core_.queues().end(),
                     [](const auto& queue) { return queue.second.size() == queue.second.dead(); });
}

void CoreHistory::DrainQueue(const std::string& agency) {
  LeaseCommand command{.queue = agency,
                       .client_id = "c",
                       .credit = {.messages = 1000, .bytes = 1'000'000'000},
                       .ack_deadline_us = 1000,
                       .count_max = 1000};
  Record leased;
  if (!DecideLease(core_, command, now_us_, leased.mutable_leased())) return;
  Record delivered;
  delivered.mutable_delivered()->set_queue(agency);
  *delivered.mutable_delivered()->mutable_sequences() = leased.leased().sequences();
  Follow(std::move(leased));
  Follow(std::move(delivered));
}

}  // namespace waystation::broker
