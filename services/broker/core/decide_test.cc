#include "services/broker/core/decide.h"

#include <string>
#include <vector>

#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Corners that random histories seldom reach; the rest is in core_test.

namespace waystation::broker {
namespace {

using journal::v1::Record;
using ::testing::ElementsAre;

constexpr char kQueue[] = "ins";

MessageId IdOf(uint32_t number) {
  MessageId id{};
  for (size_t i = 0; i < 4; ++i) id[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

class DecideTest : public ::testing::Test {
 protected:
  DecideTest() {
    Record record;
    record.mutable_genesis()->set_bus_id("0123456789abcdef");
    record.mutable_genesis()->mutable_directory()->add_identities()->set_identity(kQueue);
    auto* delivery = record.mutable_genesis()->mutable_policy()->mutable_delivery();
    delivery->set_attempts_max(1);
    delivery->set_backoff_min_ms(10);
    delivery->set_backoff_max_ms(10);
    Follow(std::move(record));
  }

  void Follow(Record record) {
    record.set_sequence(state_.next_sequence());
    record.set_time_us(now_us_);
    absl::Status status = state_.Apply(record);
    ASSERT_TRUE(status.ok()) << status;
  }

  // Accepts message `number`; its sequence is the state's next one.
  void Accept(uint32_t number, const std::string& key = "") {
    bus::v1::Header header;
    header.set_id(FormatUuid(IdOf(number)));
    header.set_source("doj");
    header.set_ordering_key(key);
    header.add_recipients(kQueue);
    Record record;
    record.mutable_accepted()->set_header(header.SerializeAsString());
    record.mutable_accepted()->set_envelope_hash(std::string(32, 'h'));
    Follow(std::move(record));
  }

  // Decides on message `number` of doj, for a queue that holds at most so many.
  absl::StatusOr<PublishDecision> Publish(uint32_t number, size_t queue_messages_max,
                                          const std::optional<KnownMessage>& known = {}) {
    bus::v1::Header header;
    header.set_id(FormatUuid(IdOf(number)));
    header.set_source("doj");
    header.add_recipients(kQueue);
    PublishCommand command;
    command.header = &header;
    command.envelope_hash.fill('h');
    command.queue_messages_max = queue_messages_max;
    journal::v1::Accepted accepted;
    return DecidePublish(state_, command, known, now_us_, &accepted);
  }

  void LeaseAll() {
    LeaseCommand command{.queue = kQueue,
                         .client_id = "c",
                         .credit = {.messages = 1'000'000, .bytes = 1'000'000'000},
                         .ack_deadline_us = 1000,
                         .count_max = 1'000'000};
    Record record;
    if (DecideLease(state_, command, now_us_, record.mutable_leased())) Follow(std::move(record));
  }

  void LetLeasesEnd() {
    now_us_ += 1000;
    for (Record& record : DecideTick(state_, now_us_, 1'000'000)) Follow(std::move(record));
  }

  // Follows a receipt for the message of this sequence.
  void Acknowledge(uint64_t sequence) {
    Record record;
    record.mutable_delivered()->set_queue(kQueue);
    record.mutable_delivered()->add_sequences(sequence);
    record.mutable_delivered()->add_receipts("receipt");
    Follow(std::move(record));
  }

  ReceiptView ReceiptOf(uint32_t number, uint32_t attempt = 1) {
    ReceiptView receipt{.id = IdOf(number), .envelope_hash = {}, .attempt = attempt};
    receipt.envelope_hash.fill('h');
    return receipt;
  }

  State state_;
  int64_t now_us_ = 1'000'000;
};

TEST_F(DecideTest, AFullQueueTakesNoMoreUntilOneLeavesIt) {
  EXPECT_EQ(PublishCommand().queue_messages_max, kQueueMessagesMax);
  Accept(1);
  EXPECT_TRUE(Publish(2, 2).ok());
  Accept(2);
  LeaseAll();  // A message in hand is in the queue as well.
  const absl::Status full = Publish(3, 2).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full), "OVERLOADED");
  EXPECT_EQ(full.message(), "queue \"ins\": full, got 2 messages, want fewer than 2");
  // What the bus has already is answered all the same.
  EXPECT_EQ(
      *Publish(1, 2, KnownMessage{.sequence = 2, .envelope_hash = ReceiptOf(1).envelope_hash}),
      PublishDecision::kDuplicate);
  Acknowledge(2);
  EXPECT_EQ(*Publish(3, 2), PublishDecision::kAccept);
}

TEST_F(DecideTest, GoodReceiptAfterAForgedOneOfTheSameMessageStillAcknowledges) {
  Accept(1);
  LeaseAll();
  ReceiptView forged = ReceiptOf(1);
  forged.envelope_hash.fill('x');
  std::vector<ReceiptView> receipts = {forged, ReceiptOf(1), ReceiptOf(1)};
  auto judged = DecideReceipts(state_, kQueue, receipts);
  EXPECT_EQ(ReasonOf(judged[0].status()), "RECEIPT_MISMATCH");
  EXPECT_EQ(*judged[1], 2u);
  EXPECT_EQ(*judged[2], 0u);
}

TEST_F(DecideTest, ReceiptMadeBeforeARedriveIsStillGood) {
  Accept(1);
  LeaseAll();
  LetLeasesEnd();
  ASSERT_EQ(state_.FindQueue(kQueue)->dead(), 1u);
  Record redriven;
  ASSERT_TRUE(DecideRedrive(state_, kQueue, {}, "op", redriven.mutable_redriven()).ok());
  Follow(std::move(redriven));
  std::vector<ReceiptView> receipts = {ReceiptOf(1, 1), ReceiptOf(1, 2)};
  auto judged = DecideReceipts(state_, kQueue, receipts);
  EXPECT_EQ(*judged[0], 2u);
  EXPECT_EQ(ReasonOf(judged[1].status()), "STALE_ATTEMPT");
}

TEST_F(DecideTest, RedriveAskedTwiceForOneMessageDoesNotBlockItBehindItself) {
  Accept(1, "key");
  LeaseAll();
  LetLeasesEnd();
  std::vector<MessageId> ids = {IdOf(1), IdOf(1)};
  Record redriven;
  ASSERT_TRUE(DecideRedrive(state_, kQueue, ids, "op", redriven.mutable_redriven()).ok());
  EXPECT_THAT(redriven.redriven().sequences(), ElementsAre(2));
  Follow(std::move(redriven));
  Credit credit = {.messages = 9, .bytes = 1000};
  EXPECT_THAT(state_.FindQueue(kQueue)->PickLease(credit, 9, now_us_), ElementsAre(2));
}

TEST_F(DecideTest, RedriveOfManyStaysWithinOneRecordAndGoesOnWhenAskedAgain) {
  constexpr uint32_t kMany = kRecordSequencesMax + 5;
  for (uint32_t number = 0; number < kMany; ++number) Accept(number);
  LeaseAll();
  LetLeasesEnd();
  ASSERT_EQ(state_.FindQueue(kQueue)->dead(), kMany);
  for (size_t want : {kRecordSequencesMax, size_t{5}, size_t{0}}) {
    Record redriven;
    ASSERT_TRUE(DecideRedrive(state_, kQueue, {}, "op", redriven.mutable_redriven()).ok());
    EXPECT_EQ(static_cast<size_t>(redriven.redriven().sequences_size()), want);
    EXPECT_LT(redriven.ByteSizeLong(), 65'535u);
    if (want > 0) Follow(std::move(redriven));
  }
}

TEST_F(DecideTest, TickDecidesNoMoreThanAsked) {
  for (uint32_t number = 0; number < 5; ++number) Accept(number);
  LeaseAll();
  now_us_ += 1000;
  auto records = DecideTick(state_, now_us_, 3);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(records[0].given_back().sequences(), ElementsAre(2, 3, 4));
}

TEST_F(DecideTest, StreamGivesAMessageBackOnceThoughNamedTwice) {
  Accept(1, "key");
  LeaseAll();
  std::vector<uint64_t> sequences = {2, 2};
  Record record;
  ASSERT_TRUE(DecideStreamClosed(state_, kQueue, sequences, now_us_, record.mutable_given_back()));
  EXPECT_THAT(record.given_back().sequences(), ElementsAre(2));
  EXPECT_THAT(record.given_back().retry_us(), ElementsAre(0));  // Its only attempt is used up.
}

TEST_F(DecideTest, RecordsThatDoNotFollowAreDataLossAndNotTheEnd) {
  auto apply = [&](Record record) {
    State copy = *State::FromSnapshot(state_.ToSnapshot());
    record.set_sequence(copy.next_sequence());
    record.set_time_us(now_us_);
    return copy.Apply(record).code();
  };
  Record record;
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_accepted()->set_header("\xff\xff");
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_delivered()->set_queue("nobody");
  record.mutable_delivered()->add_sequences(1);
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_delivered()->set_queue(kQueue);
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_given_back()->add_sequences(1);
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_redriven()->set_queue(kQueue);
  record.mutable_redriven()->add_sequences(2);
  record.mutable_redriven()->add_sequences(2);
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
  record.mutable_genesis()->set_bus_id("again");
  EXPECT_EQ(apply(record), absl::StatusCode::kDataLoss);
}

TEST_F(DecideTest, LeafOrCheckpointOutOfPlaceIsDataLossAndNotTheEnd) {
  Record leaf;
  leaf.mutable_refused()->set_reason("POLICY_DENIED");
  leaf.set_salt("sixteen bytes of");
  leaf.set_log_index(0);
  Follow(leaf);
  struct Case {
    const char* name;
    uint64_t log_index;
    uint64_t tree_size;  // 0: no checkpoint.
    bool salt;
  };
  const Case cases[] = {{"the leaf before again", 0, 0, true},
                        {"a leaf left out", 2, 0, true},
                        {"a checkpoint of more than there is", 0, 2, false},
                        {"a checkpoint of nothing", 0, 0, false},
                        {"a checkpoint that is a leaf", 1, 1, true}};
  for (const Case& one : cases) {
    State state = *State::FromSnapshot(state_.ToSnapshot());
    Record record;
    record.set_sequence(state.next_sequence());
    record.set_time_us(now_us_);
    if (one.tree_size != 0 || !one.salt) {
      record.mutable_checkpoint_signed()->set_tree_size(one.tree_size);
    } else {
      record.mutable_refused();
    }
    if (one.salt) record.set_salt("sixteen bytes of");
    record.set_log_index(one.log_index);
    EXPECT_EQ(state.Apply(record).code(), absl::StatusCode::kDataLoss) << one.name;
  }
}

TEST_F(DecideTest, StepOfAReferralThatWasNotRestoredIsDataLossAndNotTheEnd) {
  bus::v1::Header header;
  header.set_id(FormatUuid(IdOf(1)));
  header.set_source(kQueue);
  header.mutable_referral()->set_referral_id(std::string(16, 'r'));
  header.mutable_referral()->set_transition(types::v1::TRANSITION_ENTERED_IN_ERROR);
  Record record;
  record.set_sequence(state_.next_sequence());
  record.set_time_us(now_us_);
  record.mutable_accepted()->set_header(header.SerializeAsString());
  record.mutable_accepted()->set_envelope_hash(std::string(32, 'h'));
  EXPECT_EQ(state_.Apply(record).code(), absl::StatusCode::kDataLoss);
}

TEST_F(DecideTest, TimeAndSequenceDoNotGoBack) {
  Record record;
  record.mutable_epoch_opened()->set_epoch(1);
  record.set_time_us(now_us_);
  for (uint64_t wrong : {uint64_t{0}, uint64_t{1}, uint64_t{3}}) {
    record.set_sequence(wrong);
    EXPECT_EQ(state_.Apply(record).code(), absl::StatusCode::kDataLoss);
  }
  record.set_sequence(2);
  record.set_time_us(now_us_ - 1);
  EXPECT_EQ(state_.Apply(record).code(), absl::StatusCode::kDataLoss);
  record.set_time_us(now_us_);
  EXPECT_TRUE(state_.Apply(record).ok());
}

}  // namespace
}  // namespace waystation::broker
