#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "services/broker/core/decide.h"
#include "services/broker/core/naive_bus.h"

// Random histories: the core and a naive model take the same commands, and
// after each of them must say and hold the same.

namespace waystation::broker {
namespace {

using journal::v1::Record;

constexpr int kHistories = 1000;
constexpr int kHistoriesPerCase = 25;
constexpr int kCommands = 300;
constexpr int64_t kStartUs = 1'000'000'000'000'000;  // In 2001.

const std::vector<std::string> kAgencies = {"doj", "hhs", "ins", "lea"};

std::string Text(const absl::Status& status) {
  if (status.ok()) return "OK";
  return absl::StatusCodeToString(status.code()) + " " + ReasonOf(status);
}

void SetTime(int64_t time_us, google::protobuf::Timestamp* time) {
  time->set_seconds(time_us / 1'000'000);
  time->set_nanos(static_cast<int32_t>(time_us % 1'000'000 * 1'000));
}

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

// A message that was published, with its exact bytes, for duplicates.
struct Sent {
  bus::v1::Header header;
  std::string bytes;
  std::optional<ReferralId> parent;
  std::optional<ReferralId> replaces;
};

// One history from one seed.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed), naive_(kAgencies) {
    Follow(Genesis());
    EpochOpened();
  }

  void Run() {
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

  // How often each outcome came, so that a history that tries nothing is seen.
  const std::map<std::string, int>& outcomes() const { return outcomes_; }

 private:
  uint64_t Below(uint64_t count) { return random_() % count; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <typename T>
  const T& Any(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  MessageId AnyId() {
    MessageId id;
    for (uint8_t& byte : id) byte = static_cast<uint8_t>(Below(256));
    return id;
  }
  void Note(const std::string& what, const std::string& outcome) {
    ++outcomes_[what + ": " + outcome.substr(0, outcome.find_first_of("0123456789"))];
  }
  void Same(const std::string& what, const std::string& core, const std::string& naive) {
    Note(what, core);
    EXPECT_EQ(core, naive) << what << " at record " << core_.next_sequence();
  }

  void Follow(Record record) {
    record.set_sequence(core_.next_sequence());
    record.set_time_us(now_us_);
    absl::Status status = core_.Apply(record);
    ASSERT_TRUE(status.ok()) << status;
    records_.push_back(std::move(record));
  }

  void Command() {
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
    Redrive();
  }

  // --- Publishing.

  bus::v1::Header Start(const std::string& source) {
    bus::v1::Header header;
    header.set_id(FormatUuid(AnyId()));
    header.set_source(source);
    header.set_payload_size(Below(2000));
    if (Chance(40)) header.set_ordering_key(absl::StrCat("key", Below(2)));
    if (Chance(10))
      SetTime(now_us_ + static_cast<int64_t>(Below(90'000)), header.mutable_not_before());
    if (Chance(25)) {
      int64_t expire_us = now_us_ - 10'000 + static_cast<int64_t>(Below(500'000));
      SetTime(expire_us, header.mutable_expire_time());
    }
    return header;
  }

  void AddRecipients(bus::v1::Header& header, uint64_t count) {
    for (const std::string& agency : kAgencies) {
      bool there = agency == header.source() ||
                   std::count(header.recipients().begin(), header.recipients().end(), agency) > 0;
      if (!there && count > 0 && Chance(60)) {
        header.add_recipients(agency);
        --count;
      }
    }
    if (header.recipients().empty())
      header.add_recipients(header.source() == "ins" ? "doj" : "ins");
    if (Chance(2)) header.add_recipients("nobody");
  }

  Sent Plain() {
    Sent sent{.header = Start(Any(kAgencies)), .bytes = "", .parent = {}, .replaces = {}};
    AddRecipients(sent.header, 1 + Below(3));
    return sent;
  }

  const NaiveReferral* AnyReferral() {
    return naive_.referrals.empty() ? nullptr : &Any(naive_.referrals);
  }

  Sent RequestMessage() {
    const NaiveReferral* other = AnyReferral();
    bool forward = other != nullptr && Chance(40);
    bool replace = other != nullptr && Chance(30);
    std::string source = Any(kAgencies);
    if (forward && Chance(80)) source = other->target;
    if (replace && Chance(80)) source = other->requester;
    Sent sent{.header = Start(source), .bytes = "", .parent = {}, .replaces = {}};
    AddRecipients(sent.header, 1 + Below(2));
    if (forward) sent.parent = Chance(95) ? other->id : AnyId();
    if (replace) sent.replaces = Chance(95) ? other->id : AnyId();
    bus::v1::ReferralHeader* step = sent.header.mutable_referral();
    ReferralId id = other != nullptr && Chance(5) ? other->id : AnyId();
    step->set_referral_id(std::string(AsBytes(id)));
    step->set_transition(types::v1::TRANSITION_REQUEST);
    step->set_scope_version(Chance(95) ? 1 : 2);
    step->set_expected_version(Chance(97) ? 0 : 1);
    return sent;
  }

  Transition AnyTransition(const NaiveReferral& referral, bool by_target) {
    auto transition = static_cast<Transition>(Below(17));
    for (int i = 0; i < 30 && Chance(95); ++i) {
      if (NaiveBus::Next(referral, transition, by_target)) break;
      transition = static_cast<Transition>(Below(17));
    }
    return transition;
  }

  Sent StepMessage() {
    const NaiveReferral* referral = AnyReferral();
    if (referral == nullptr || Chance(2)) return RequestMessage();
    bool by_target = Chance(65);
    std::string source = by_target ? referral->target : referral->requester;
    if (Chance(3)) source = Any(kAgencies);
    Sent sent{.header = Start(source), .bytes = "", .parent = {}, .replaces = {}};
    sent.header.add_recipients(by_target ? referral->requester : referral->target);
    if (Chance(3)) sent.header.set_recipients(0, Any(kAgencies));
    if (Chance(10)) AddRecipients(sent.header, 1);
    bus::v1::ReferralHeader* step = sent.header.mutable_referral();
    step->set_referral_id(std::string(AsBytes(Chance(98) ? referral->id : AnyId())));
    step->set_transition(AnyTransition(*referral, by_target));
    bool changes = step->transition() == types::v1::TRANSITION_CHANGE_SCOPE;
    step->set_scope_version(referral->scope + (changes ? 1 : 0) + (Chance(4) ? 1 : 0));
    step->set_expected_version(referral->version + (Chance(6) ? 1 : 0) - (Chance(6) ? 1 : 0));
    return sent;
  }

  void Publish(Sent sent) {
    sent.bytes = sent.header.SerializeAsString();
    if (TryPublish(sent) == "OK") sent_.push_back(std::move(sent));
  }

  // The same bytes again, or others under the same id.
  void Again() {
    if (sent_.empty()) return;
    Sent sent = Any(sent_);
    if (Chance(50)) sent.bytes = "changed";
    TryPublish(sent);
  }

  std::string TryPublish(const Sent& sent) {
    PublishCommand command;
    command.header = &sent.header;
    command.header_bytes = sent.bytes;
    command.envelope_hash = crypto::Sha256(sent.bytes);
    command.parent = sent.parent;
    command.replaces = sent.replaces;
    Record record;
    std::string outcome = Decide(command, sent.header.id(), record);
    std::string naive = naive_.Publish(command, core_.next_sequence(), now_us_);
    Same("publish", outcome, naive);
    if (outcome == "OK" && naive == "OK") Follow(std::move(record));
    return outcome;
  }

  std::string Decide(const PublishCommand& command, const std::string& id, Record& record) {
    std::optional<KnownMessage> known;
    for (const Sent& before : sent_) {
      if (before.header.id() == id) known = {1, crypto::Sha256(before.bytes)};
    }
    auto decided = DecidePublish(core_, command, known, now_us_, record.mutable_accepted());
    if (!decided.ok()) return Text(decided.status());
    return *decided == PublishDecision::kDuplicate ? "OK again" : "OK";
  }

  // --- Delivery.

  void Lease() {
    LeaseCommand command;
    command.queue = Any(kAgencies);
    command.client_id = "c";
    command.credit = {.messages = static_cast<uint32_t>(Below(8)), .bytes = Below(8000)};
    command.ack_deadline_us = static_cast<int64_t>(1 + Below(60'000));
    command.count_max = 1 + Below(8);
    Record record;
    bool any = DecideLease(core_, command, now_us_, record.mutable_leased());
    const auto& picked = record.leased().sequences();
    std::vector<uint64_t> want = naive_.Lease(command, now_us_);
    Same("lease", absl::StrJoin(picked, " "), absl::StrJoin(want, " "));
    EXPECT_EQ(any, !want.empty());
    if (any) Follow(std::move(record));
  }

  const NaiveMessage* AnyMessage(const std::string& queue, bool leased) {
    std::vector<const NaiveMessage*> fit;
    for (const NaiveMessage& message : naive_.queues[queue]) {
      if (message.leased == leased) fit.push_back(&message);
    }
    return fit.empty() ? nullptr : Any(fit);
  }

  ReceiptView AnyReceipt(const std::string& queue) {
    const NaiveMessage* message = AnyMessage(queue, Chance(85));
    if (message == nullptr || Chance(4)) return {.id = AnyId(), .envelope_hash = {}, .attempt = 1};
    ReceiptView receipt{
        .id = message->id, .envelope_hash = message->hash, .attempt = message->attempt};
    if (Chance(5)) receipt.envelope_hash[3] ^= 1;
    if (Chance(15)) receipt.attempt = static_cast<uint32_t>(Below(5));
    return receipt;
  }

  void Receipts() {
    std::string queue = Any(kAgencies);
    std::vector<ReceiptView> receipts;
    for (uint64_t i = 1 + Below(6); i > 0; --i) {
      bool doubled = !receipts.empty() && Chance(10);
      receipts.push_back(doubled ? Any(receipts) : AnyReceipt(queue));
    }
    if (Chance(2)) queue = "nobody";
    auto judged = DecideReceipts(core_, queue, receipts);
    std::vector<std::string> want = naive_.Receipts(queue, receipts, now_us_);
    ASSERT_EQ(judged.size(), want.size());
    Record record;
    record.mutable_delivered()->set_queue(queue);
    for (size_t i = 0; i < judged.size(); ++i) {
      Same("receipt", judged[i].ok() ? absl::StrCat("OK ", *judged[i]) : Text(judged[i].status()),
           want[i]);
      record.mutable_delivered()->add_sequences(judged[i].value_or(0));
    }
    Follow(std::move(record));
  }

  static ClaimedRetries ClaimsOf(const journal::v1::GivenBack& given_back) {
    ClaimedRetries claims;
    for (int i = 0; i < given_back.sequences_size(); ++i) {
      claims[{given_back.queue(), given_back.sequences(i)}] = given_back.retry_us(i);
    }
    return claims;
  }

  void Nack() {
    std::string queue = Any(kAgencies);
    ReceiptView which = AnyReceipt(queue);
    NackCommand command{.id = which.id,
                        .attempt = which.attempt,
                        .reason = absl::StrCat("R", Below(3)),
                        .retry_delay_us = std::nullopt};
    if (Chance(30)) command.retry_delay_us = static_cast<int64_t>(Below(100'000)) - 20'000;
    if (Chance(1)) command.retry_delay_us = INT64_MAX;
    Record record;
    absl::Status status = DecideNack(core_, queue, command, now_us_, record.mutable_given_back());
    ClaimedRetries claims = ClaimsOf(record.given_back());
    Same("nack", Text(status), naive_.Nack(queue, command, claims, now_us_));
    if (status.ok()) Follow(std::move(record));
  }

  void Extend() {
    std::string queue = Any(kAgencies);
    ReceiptView which = AnyReceipt(queue);
    int64_t deadline_us = now_us_ + static_cast<int64_t>(Below(90'000));
    Record record;
    absl::Status status = DecideExtend(core_, queue, which.id, which.attempt, deadline_us,
                                       record.mutable_lease_extended());
    Same("extend", Text(status), naive_.Extend(queue, which.id, which.attempt, deadline_us));
    if (status.ok()) Follow(std::move(record));
  }

  void StreamClosed() {
    std::string queue = Any(kAgencies);
    std::vector<uint64_t> sequences;
    for (const NaiveMessage& message : naive_.queues[queue]) {
      if (Chance(60)) sequences.push_back(message.sequence);
      if (Chance(5)) sequences.push_back(message.sequence);
    }
    sequences.push_back(core_.next_sequence() + 5);
    Record record;
    bool any = DecideStreamClosed(core_, queue, sequences, now_us_, record.mutable_given_back());
    naive_.StreamClosed(queue, sequences, now_us_);
    Note("stream closed", any ? "held" : "empty");
    if (any) Follow(std::move(record));
  }

  void EpochOpened() {
    Record record;
    record.mutable_epoch_opened()->set_epoch(core_.epoch() + 1);
    Follow(std::move(record));
    naive_.EpochOpened();
  }

  void Redrive() {
    std::string queue = Chance(95) ? Any(kAgencies) : "nobody";
    std::vector<MessageId> ids;
    for (uint64_t i = Below(4); i > 0; --i) {
      const NaiveMessage* message = AnyMessage(queue, false);
      if (message != nullptr) ids.insert(ids.end(), 1 + Below(2), message->id);
    }
    if (queue == "nobody") naive_.queues.erase(queue);  // AnyMessage looked it up.
    if (Chance(5)) ids.push_back(AnyId());
    Record record;
    absl::Status status = DecideRedrive(core_, queue, ids, "operator", record.mutable_redriven());
    Same("redrive", Text(status), naive_.Redrive(queue, ids));
    if (status.ok()) Follow(std::move(record));
  }

  // --- Time.

  static std::string FactOf(const Record& record) {
    if (record.has_given_back()) {
      return absl::StrCat("late ", record.given_back().queue(), " ",
                          absl::StrJoin(record.given_back().sequences(), " "));
    }
    if (record.expired().queue().empty())
      return absl::StrCat("expired ", record.expired().sequence());
    return absl::StrCat("gone ", record.expired().queue(), " ", record.expired().sequence());
  }

  void Tick(size_t count_max) {
    std::vector<Record> decided = DecideTick(core_, now_us_, count_max);
    std::vector<std::string> facts;
    ClaimedRetries claims;
    for (const Record& record : decided) {
      facts.push_back(FactOf(record));
      Note("tick", facts.back().substr(0, facts.back().find(' ')));
      claims.merge(ClaimsOf(record.given_back()));
    }
    EXPECT_EQ(absl::StrJoin(facts, "\n"),
              absl::StrJoin(naive_.Tick(claims, now_us_, count_max), "\n"));
    for (Record& record : decided) Follow(std::move(record));
  }

  // --- Judging.

  void Compare() {
    for (const auto& [identity, queue] : core_.queues()) CompareQueue(identity, queue);
    EXPECT_TRUE(naive_.complaints.empty()) << absl::StrJoin(naive_.complaints, "\n");
    ASSERT_EQ(core_.ledger().all().size(), naive_.referrals.size());
    for (const NaiveReferral& want : naive_.referrals) CompareReferral(want);
    CompareDue();
  }

  void CompareQueue(const std::string& identity, const DeliveryQueue& queue) {
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
                        << static_cast<int>(got->stage) << " want "
                        << static_cast<int>(StageOf(want)) << ", attempt " << got->attempt
                        << " want " << want.attempt << ", due " << got->due_us << " want "
                        << want.due_us << ", reason " << got->last_reason << " want "
                        << want.reason;
      leased += want.leased ? 1 : 0;
      dead += want.dead ? 1 : 0;
    }
    EXPECT_EQ(queue.leased(), leased);
    EXPECT_EQ(queue.dead(), dead);
  }

  void CompareReferral(const NaiveReferral& want) {
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

  // The sequencer sleeps until then: it must neither oversleep nor spin.
  void CompareDue() {
    int64_t due_us = core_.NextDueUs(now_us_);
    EXPECT_EQ(due_us, naive_.NextDueUs(now_us_));
    EXPECT_EQ(due_us <= now_us_, !DecideTick(core_, now_us_, 1).empty());
  }

  std::string Bytes() const { return core_.ToSnapshot().SerializeAsString(); }

  void ExpectFoldAgrees() {
    State again;
    for (const Record& record : records_) ASSERT_TRUE(again.Apply(record).ok());
    EXPECT_EQ(again.ToSnapshot().SerializeAsString(), Bytes());
  }

  void KeepSnapshot() {
    snapshot_ = Bytes();
    snapshot_records_ = records_.size();
    for (const auto& [id, referral] : core_.ledger().all()) {
      if (IsFinal(referral.state)) finals_.push_back(referral);
    }
  }

  void ExpectSnapshotAndTailAgree() {
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

  // With receivers that take everything, and time, only dead letters stay.
  void Drain() {
    for (int round = 0; round < 1000 && !Drained(); ++round) {
      int64_t due_us = core_.NextDueUs(now_us_);
      if (due_us != INT64_MAX) now_us_ = std::max(now_us_, due_us);
      for (Record& record : DecideTick(core_, now_us_, 1000)) Follow(std::move(record));
      for (const std::string& agency : kAgencies) DrainQueue(agency);
    }
    EXPECT_TRUE(Drained());
  }

  bool Drained() const {
    return std::all_of(core_.queues().begin(), core_.queues().end(), [](const auto& queue) {
      return queue.second.size() == queue.second.dead();
    });
  }

  void DrainQueue(const std::string& agency) {
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

  std::mt19937_64 random_;
  int64_t now_us_ = kStartUs;
  State core_;
  NaiveBus naive_;
  std::vector<Record> records_;
  std::vector<Sent> sent_;
  std::map<std::string, int> outcomes_;
  std::string snapshot_;
  size_t snapshot_records_ = 0;
  std::vector<Referral> finals_;
};

class CoreTest : public ::testing::TestWithParam<int> {};

TEST_P(CoreTest, AgreesWithTheNaiveModelOnRandomHistories) {
  for (int i = 0; i < kHistoriesPerCase && !HasFailure(); ++i) {
    auto seed = static_cast<uint64_t>(GetParam() * kHistoriesPerCase + i);
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    History(seed).Run();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CoreTest, ::testing::Range(0, kHistories / kHistoriesPerCase));

TEST(CoreCoverageTest, HistoriesReachEveryOutcome) {
  std::map<std::string, int> outcomes;
  for (uint64_t seed = 0; seed < 40 && !::testing::Test::HasFailure(); ++seed) {
    History history(seed);
    history.Run();
    for (const auto& [outcome, count] : history.outcomes()) outcomes[outcome] += count;
  }
  for (const char* wanted : {"publish: OK",
                             "publish: OK again",
                             "publish: ALREADY_EXISTS CONTENT_CHANGED",
                             "publish: FAILED_PRECONDITION ALREADY_EXPIRED",
                             "publish: NOT_FOUND UNKNOWN_RECIPIENT",
                             "publish: NOT_FOUND UNKNOWN_REFERRAL",
                             "publish: ALREADY_EXISTS REFERRAL_EXISTS",
                             "publish: PERMISSION_DENIED NOT_A_PARTY",
                             "publish: ABORTED STALE_VERSION",
                             "publish: FAILED_PRECONDITION ILLEGAL_TRANSITION",
                             "publish: INVALID_ARGUMENT ILLEGAL_TRANSITION",
                             "publish: FAILED_PRECONDITION SCOPE_VERSION",
                             "publish: FAILED_PRECONDITION LINK_INVALID",
                             "publish: INVALID_ARGUMENT RECIPIENTS_INVALID",
                             "receipt: OK ",
                             "receipt: INVALID_ARGUMENT RECEIPT_MISMATCH",
                             "receipt: FAILED_PRECONDITION STALE_ATTEMPT",
                             "nack: OK",
                             "nack: NOT_FOUND UNKNOWN_MESSAGE",
                             "nack: FAILED_PRECONDITION STALE_ATTEMPT",
                             "extend: OK",
                             "extend: NOT_FOUND UNKNOWN_MESSAGE",
                             "extend: FAILED_PRECONDITION STALE_ATTEMPT",
                             "redrive: OK",
                             "redrive: NOT_FOUND UNKNOWN_QUEUE",
                             "redrive: NOT_FOUND UNKNOWN_MESSAGE",
                             "tick: late",
                             "tick: gone",
                             "tick: expired",
                             "stream closed: held"}) {
    EXPECT_GT(outcomes[wanted], 0) << wanted;
  }
  for (const auto& [outcome, count] : outcomes) RecordProperty(outcome, count);
}

}  // namespace
}  // namespace waystation::broker
