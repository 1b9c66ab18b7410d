#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/broker/core/state.h"

namespace waystation::broker {
namespace {

using ::testing::ElementsAre;

v1::MessageSnapshot Message(uint64_t sequence, Stage stage, uint64_t place) {
  v1::MessageSnapshot message;
  message.set_sequence(sequence);
  message.set_id(std::string(15, 'i') + static_cast<char>(sequence));
  message.set_envelope_hash(std::string(32, 'h'));
  message.set_ordering_key("doj\nkey");
  message.set_accept_us(5);
  message.set_expire_us(900);
  message.set_size_bytes(7);
  message.set_attempt(stage == Stage::kLeased ? 2 : 0);
  message.set_attempt_most(3);
  message.set_stage(static_cast<uint32_t>(stage));
  message.set_due_us(stage == Stage::kLeased ? 50 : 0);
  message.set_last_reason("BUSY");
  message.set_place(place);
  return message;
}

// Message 2 is in flight; message 1 was redriven and stands behind message 3.
v1::Snapshot Good() {
  v1::Snapshot snapshot;
  snapshot.set_last_sequence(9);
  snapshot.set_last_time_us(40);
  snapshot.set_epoch(3);
  snapshot.set_bus_id("0123456789abcdef");
  snapshot.set_log_leaves(8);
  snapshot.set_log_signed_size(5);
  snapshot.mutable_directory()->add_identities()->set_identity("ins");
  snapshot.mutable_policy()->set_version(1);
  v1::QueueSnapshot* queue = snapshot.add_queues();
  queue->set_identity("ins");
  *queue->add_messages() = Message(1, Stage::kBlocked, 8);
  *queue->add_messages() = Message(2, Stage::kLeased, 2);
  *queue->add_messages() = Message(3, Stage::kBlocked, 3);
  v1::ReferralSnapshot* referral = snapshot.add_open_referrals();
  referral->set_id(std::string(16, 'r'));
  referral->set_root(std::string(16, 'o'));
  referral->set_requester("doj");
  referral->set_target("ins");
  referral->set_state(types::v1::REFERRAL_STATE_REQUESTED);
  referral->set_version(1);
  referral->set_scope_version(1);
  referral->set_expire_us(700);
  referral->set_request_sequence(2);
  referral->set_last_sequence(2);
  return snapshot;
}

TEST(SnapshotTest, ComesBackWithTheSameBytes) {
  auto state = State::FromSnapshot(Good());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->ToSnapshot().SerializeAsString(), Good().SerializeAsString());
  EXPECT_EQ(state->next_sequence(), 10u);
  EXPECT_EQ(state->epoch(), 3u);
}

TEST(SnapshotTest, StateWithoutGenesisComesBackWithoutOne) {
  auto state = State::FromSnapshot(State().ToSnapshot());
  ASSERT_TRUE(state.ok());
  EXPECT_FALSE(state->has_genesis());
  EXPECT_EQ(state->policy(), nullptr);
  EXPECT_EQ(state->ToSnapshot().SerializeAsString(), State().ToSnapshot().SerializeAsString());
}

TEST(SnapshotTest, RestoresWhatTimeBrings) {
  auto state = State::FromSnapshot(Good());
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->NextDueUs(40), 50);
  EXPECT_EQ(state->ledger().NextExpiryUs(), 700);
  EXPECT_THAT(state->FindQueue("ins")->PickOverdueLeases(50, 9), ElementsAre(2));
  EXPECT_THAT(state->FindQueue("ins")->PickExpired(900, 9), ElementsAre(1, 3));
}

TEST(SnapshotTest, KeepsTheLineOfAKeyWithARedrivenMessageBehindAYoungerOne) {
  auto state = State::FromSnapshot(Good());
  ASSERT_TRUE(state.ok());
  journal::v1::Record delivered;
  delivered.set_sequence(10);
  delivered.set_time_us(41);
  delivered.mutable_delivered()->set_queue("ins");
  delivered.mutable_delivered()->add_sequences(2);
  ASSERT_TRUE(state->Apply(delivered).ok());
  Credit credit = {.messages = 9, .bytes = 1000};
  EXPECT_THAT(state->FindQueue("ins")->PickLease(credit, 9, 41), ElementsAre(3));
}

void ExpectDataLoss(const v1::Snapshot& snapshot) {
  EXPECT_EQ(State::FromSnapshot(snapshot).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SnapshotTest, RefusesAMalformedMessage) {
  v1::Snapshot snapshot = Good();
  snapshot.mutable_queues(0)->mutable_messages(0)->set_id("short");
  ExpectDataLoss(snapshot);
  snapshot = Good();
  snapshot.mutable_queues(0)->mutable_messages(0)->set_envelope_hash(std::string(31, 'h'));
  ExpectDataLoss(snapshot);
  snapshot = Good();
  snapshot.mutable_queues(0)->mutable_messages(0)->set_stage(5);
  ExpectDataLoss(snapshot);
}

TEST(SnapshotTest, RefusesAMalformedReferral) {
  v1::Snapshot snapshot = Good();
  snapshot.mutable_open_referrals(0)->set_id("");
  ExpectDataLoss(snapshot);
  snapshot = Good();
  snapshot.mutable_open_referrals(0)->set_root("x");
  ExpectDataLoss(snapshot);
  snapshot = Good();
  snapshot.mutable_open_referrals(0)->set_state(11);
  ExpectDataLoss(snapshot);
  snapshot = Good();
  snapshot.mutable_open_referrals(0)->set_former(4'000'000'000);
  ExpectDataLoss(snapshot);
}

}  // namespace
}  // namespace waystation::broker
