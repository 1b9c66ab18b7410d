#include "services/broker/core/delivery_queue.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr Credit kMuch = {.messages = 1000, .bytes = 1'000'000};

MessageId IdOf(uint64_t sequence) {
  MessageId id{};
  id[15] = static_cast<uint8_t>(sequence);
  id[14] = static_cast<uint8_t>(sequence >> 8);
  id[0] = 1;
  return id;
}

QueuedMessage Message(uint64_t sequence, std::string key = "") {
  QueuedMessage message;
  message.sequence = sequence;
  message.id = IdOf(sequence);
  message.ordering_key = std::move(key);
  message.accept_us = static_cast<int64_t>(sequence);
  message.bytes = 100;
  return message;
}

class DeliveryQueueTest : public ::testing::Test {
 protected:
  void Add(uint64_t sequence, std::string key = "") {
    queue_.Add(Message(sequence, std::move(key)), 0);
  }
  std::vector<uint64_t> Pick(int64_t now_us = 0, Credit credit = kMuch, size_t count_max = 1000) {
    return queue_.PickLease(credit, count_max, now_us);
  }
  Stage StageOf(uint64_t sequence) { return queue_.Find(sequence)->stage; }

  DeliveryQueue queue_;
};

TEST_F(DeliveryQueueTest, PicksInAcceptOrder) {
  for (uint64_t sequence : {3, 5, 9}) Add(sequence);
  EXPECT_THAT(Pick(), ElementsAre(3, 5, 9));
  EXPECT_THAT(Pick(0, kMuch, 2), ElementsAre(3, 5));
  EXPECT_THAT(Pick(0, {.messages = 1, .bytes = 1000}), ElementsAre(3));
  queue_.Lease(3, 50);
  EXPECT_THAT(Pick(), ElementsAre(5, 9));
}

TEST_F(DeliveryQueueTest, OneOfAKeyIsInFlightWhileOtherKeysFlow) {
  Add(1, "a");
  Add(2, "a");
  Add(3, "b");
  Add(4, "a");
  Add(5);
  EXPECT_THAT(Pick(), ElementsAre(1, 3, 5));
  EXPECT_EQ(StageOf(2), Stage::kBlocked);
  queue_.Lease(1, 50);
  EXPECT_THAT(Pick(), ElementsAre(3, 5));
  queue_.Remove(1, 10);
  EXPECT_THAT(Pick(), ElementsAre(2, 3, 5));
  EXPECT_EQ(StageOf(4), Stage::kBlocked);
}

TEST_F(DeliveryQueueTest, NackKeepsTheKeysOrder) {
  Add(1, "a");
  Add(2, "a");
  queue_.Lease(1, 50);
  queue_.GiveBack(1, "BUSY", 100, 10);
  EXPECT_THAT(Pick(99), IsEmpty());
  EXPECT_THAT(Pick(100), ElementsAre(1));
  EXPECT_EQ(queue_.Find(1)->last_reason, "BUSY");
}

TEST_F(DeliveryQueueTest, RemovalFromTheMiddleOfALineKeepsTheRestInOrder) {
  for (uint64_t sequence : {1, 2, 3}) Add(sequence, "a");
  queue_.Remove(2, 5);
  EXPECT_THAT(Pick(), ElementsAre(1));
  queue_.Remove(1, 5);
  EXPECT_THAT(Pick(), ElementsAre(3));
  queue_.Remove(3, 5);
  Add(4, "a");
  EXPECT_THAT(Pick(), ElementsAre(4));
}

TEST_F(DeliveryQueueTest, WaitsForNotBeforeAndPicksEarliestFirst) {
  QueuedMessage late = Message(1);
  late.not_before_us = 200;
  QueuedMessage soon = Message(2);
  soon.not_before_us = 100;
  queue_.Add(late, 10);
  queue_.Add(soon, 10);
  Add(3);
  EXPECT_EQ(queue_.NextDueUs(10), 100);
  EXPECT_THAT(Pick(99), ElementsAre(3));
  EXPECT_THAT(Pick(100), ElementsAre(2, 3));
  EXPECT_THAT(Pick(200), ElementsAre(2, 1, 3));
}

TEST_F(DeliveryQueueTest, EqualTimesGoInAcceptOrder) {
  for (uint64_t sequence : {4, 2, 3}) {
    QueuedMessage message = Message(sequence);
    message.not_before_us = 100;
    queue_.Add(message, 0);
  }
  EXPECT_THAT(Pick(100), ElementsAre(2, 3, 4));
  for (uint64_t sequence : {3, 2, 4}) queue_.Lease(sequence, 500);
  EXPECT_THAT(queue_.PickOverdueLeases(500, 10), ElementsAre(2, 3, 4));
}

TEST_F(DeliveryQueueTest, NotBeforeOfABlockedMessageHoldsWhenItsTurnComes) {
  Add(1, "a");
  QueuedMessage second = Message(2, "a");
  second.not_before_us = 100;
  queue_.Add(second, 0);
  queue_.Remove(1, 50);
  EXPECT_EQ(StageOf(2), Stage::kWaiting);
  EXPECT_EQ(queue_.NextDueUs(50), 100);
  EXPECT_THAT(Pick(100), ElementsAre(2));
}

TEST_F(DeliveryQueueTest, DueMessagesWithoutAReceiverDoNotWakeTheClock) {
  QueuedMessage message = Message(1);
  message.not_before_us = 100;
  queue_.Add(message, 0);
  EXPECT_EQ(queue_.NextDueUs(99), 100);
  EXPECT_EQ(queue_.NextDueUs(100), kNever);
  EXPECT_THAT(Pick(100), ElementsAre(1));
}

TEST_F(DeliveryQueueTest, DoesNotDeliverAtOrAfterExpiry) {
  QueuedMessage message = Message(1);
  message.expire_us = 100;
  queue_.Add(message, 0);
  Add(2);
  EXPECT_THAT(Pick(99), ElementsAre(1, 2));
  EXPECT_THAT(Pick(100), ElementsAre(2));
  EXPECT_THAT(queue_.PickExpired(99, 10), IsEmpty());
  EXPECT_THAT(queue_.PickExpired(100, 10), ElementsAre(1));
  EXPECT_THAT(queue_.PickExpired(100, 0), IsEmpty());
  EXPECT_EQ(queue_.NextDueUs(0), 100);
}

TEST_F(DeliveryQueueTest, ExpiryOfALeasedMessageWaitsForItsLease) {
  QueuedMessage message = Message(1);
  message.expire_us = 100;
  queue_.Add(message, 0);
  queue_.Lease(1, 300);
  EXPECT_THAT(queue_.PickExpired(200, 10), IsEmpty());
  EXPECT_EQ(queue_.NextDueUs(200), 300);
  queue_.GiveBack(1, "BUSY", 500, 250);
  EXPECT_THAT(queue_.PickExpired(250, 10), ElementsAre(1));
  EXPECT_EQ(queue_.NextDueUs(250), 100);
}

TEST_F(DeliveryQueueTest, BlockedAndDeadMessagesExpireToo) {
  QueuedMessage blocked = Message(2, "a");
  blocked.expire_us = 100;
  QueuedMessage dead = Message(3);
  dead.expire_us = 100;
  Add(1, "a");
  queue_.Add(blocked, 0);
  queue_.Add(dead, 0);
  queue_.Lease(3, 50);
  queue_.GiveBack(3, "BAD", 0, 20);
  EXPECT_THAT(queue_.PickExpired(100, 10), ElementsAre(2, 3));
  queue_.Remove(2, 100);
  queue_.Remove(3, 100);
  EXPECT_THAT(queue_.PickExpired(100, 10), IsEmpty());
  EXPECT_EQ(queue_.dead(), 0u);
}

TEST_F(DeliveryQueueTest, CountsEachLeaseAsOneAttempt) {
  Add(1);
  for (uint32_t attempt = 1; attempt <= 5; ++attempt) {
    queue_.Lease(1, 50);
    EXPECT_EQ(queue_.Find(1)->attempt, attempt);
    queue_.Extend(1, 90);
    EXPECT_EQ(queue_.Find(1)->attempt, attempt);
    EXPECT_THAT(queue_.PickOverdueLeases(89, 10), IsEmpty());
    EXPECT_THAT(queue_.PickOverdueLeases(90, 10), ElementsAre(1));
    queue_.GiveBack(1, "BUSY", 1, 1);
  }
}

TEST_F(DeliveryQueueTest, DeadLetterFreesItsKeyAndIsNotPicked) {
  Add(1, "a");
  Add(2, "a");
  queue_.Lease(1, 50);
  queue_.GiveBack(1, "BAD", 0, 20);
  EXPECT_EQ(StageOf(1), Stage::kDead);
  EXPECT_EQ(queue_.dead(), 1u);
  EXPECT_EQ(queue_.leased(), 0u);
  EXPECT_EQ(queue_.waiting(), 1u);
  EXPECT_THAT(Pick(kNever - 1), ElementsAre(2));
  EXPECT_EQ(queue_.OldestAcceptUs(), 1);
}

TEST_F(DeliveryQueueTest, RedriveStandsBehindItsKeyAndBeginsItsAttemptsAnew) {
  Add(1, "a");
  Add(2, "a");
  queue_.Lease(1, 50);
  queue_.GiveBack(1, "BAD", 0, 20);
  queue_.Redrive(1, 3, 30);
  EXPECT_EQ(StageOf(1), Stage::kBlocked);
  EXPECT_EQ(queue_.Find(1)->attempt, 0u);
  EXPECT_EQ(queue_.Find(1)->attempt_most, 1u);
  Add(4, "a");
  queue_.Remove(2, 40);
  EXPECT_THAT(Pick(40), ElementsAre(1));
  queue_.Remove(1, 40);
  EXPECT_THAT(Pick(40), ElementsAre(4));
}

TEST_F(DeliveryQueueTest, RedriveIntoAnEmptyLineIsReadyAtOnce) {
  Add(1, "a");
  queue_.Lease(1, 50);
  queue_.GiveBack(1, "BAD", 0, 20);
  queue_.Redrive(1, 2, 30);
  EXPECT_THAT(Pick(30), ElementsAre(1));
  Add(3, "a");
  EXPECT_EQ(StageOf(3), Stage::kBlocked);
}

TEST_F(DeliveryQueueTest, CreditBoundsMessagesAndBytes) {
  for (uint64_t sequence : {1, 2, 3}) Add(sequence);
  EXPECT_THAT(Pick(0, {.messages = 0, .bytes = 1000}), IsEmpty());
  EXPECT_THAT(Pick(0, {.messages = 9, .bytes = 0}), IsEmpty());
  EXPECT_THAT(Pick(0, {.messages = 9, .bytes = 199}), ElementsAre(1));
  EXPECT_THAT(Pick(0, {.messages = 9, .bytes = 200}), ElementsAre(1, 2));
}

TEST_F(DeliveryQueueTest, OversizeMessageGoesAloneAndIsNotOvertaken) {
  QueuedMessage big = Message(2);
  big.bytes = 5000;
  Add(1);
  queue_.Add(big, 0);
  Add(3);
  Credit credit = {.messages = 9, .bytes = 1000};
  EXPECT_THAT(Pick(0, credit), ElementsAre(1));
  queue_.Remove(1, 0);
  EXPECT_THAT(Pick(0, credit), ElementsAre(2));
}

TEST_F(DeliveryQueueTest, BigMessageWhoseWaitIsOverIsNotOvertakenEither) {
  QueuedMessage small = Message(1);
  small.not_before_us = 10;
  QueuedMessage big = Message(2);
  big.not_before_us = 20;
  big.bytes = 5000;
  queue_.Add(small, 0);
  queue_.Add(big, 0);
  Add(3);
  EXPECT_THAT(Pick(20, {.messages = 9, .bytes = 1000}), ElementsAre(1));
}

TEST_F(DeliveryQueueTest, ReturnLeasesMakesAllReadyAndKeepsTheirAttempts) {
  for (uint64_t sequence : {1, 2, 3}) Add(sequence, sequence < 3 ? "a" : "");
  queue_.Lease(1, 50);
  queue_.Lease(3, 50);
  queue_.ReturnLeases(10);
  EXPECT_EQ(queue_.leased(), 0u);
  EXPECT_THAT(Pick(10), ElementsAre(1, 3));
  EXPECT_EQ(queue_.Find(3)->attempt, 1u);
  EXPECT_EQ(StageOf(2), Stage::kBlocked);
}

TEST_F(DeliveryQueueTest, FindsByIdUntilRemoved) {
  Add(7);
  EXPECT_EQ(queue_.FindById(IdOf(7)), queue_.Find(7));
  EXPECT_EQ(queue_.FindById(IdOf(8)), nullptr);
  queue_.Remove(7, 0);
  EXPECT_EQ(queue_.FindById(IdOf(7)), nullptr);
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(queue_.OldestAcceptUs(), 0);
}

TEST(RetryUsTest, DoublesWithinItsBoundsAndNeverPassesTheLongest) {
  bus::v1::DeliveryPolicy policy;
  policy.set_backoff_min_ms(100);
  policy.set_backoff_max_ms(1000);
  const int64_t kWaitsMs[] = {100, 100, 200, 400, 800, 1000, 1000};  // By attempt.
  for (uint32_t attempt = 0; attempt < 7; ++attempt) {
    for (uint64_t sequence = 0; sequence < 500; ++sequence) {
      QueuedMessage message = Message(sequence);
      message.attempt = attempt;
      int64_t wait_us = RetryUs(policy, message, 77) - 77;
      EXPECT_LE(wait_us, kWaitsMs[attempt] * 1000);
      EXPECT_GE(wait_us, kWaitsMs[attempt] * 800);
    }
  }
}

TEST(RetryUsTest, SpreadsMessagesAndAgreesWithItself) {
  bus::v1::DeliveryPolicy policy;
  policy.set_backoff_min_ms(1000);
  policy.set_backoff_max_ms(1000);
  QueuedMessage one = Message(1);
  QueuedMessage two = Message(2);
  EXPECT_NE(RetryUs(policy, one, 0), RetryUs(policy, two, 0));
  EXPECT_EQ(RetryUs(policy, one, 0), RetryUs(policy, one, 0));
}

TEST(RetryUsTest, ManyAttemptsDoNotOverflow) {
  bus::v1::DeliveryPolicy policy;
  policy.set_backoff_min_ms(60'000);
  policy.set_backoff_max_ms(3'600'000);
  QueuedMessage message = Message(1);
  message.attempt = std::numeric_limits<uint32_t>::max();
  int64_t wait_us = RetryUs(policy, message, 0);
  EXPECT_GT(wait_us, 0);
  EXPECT_LE(wait_us, 3'600'000'000);
}

}  // namespace
}  // namespace waystation::broker
