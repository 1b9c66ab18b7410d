#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"

// The real broker starts from a snapshot and the journal's tail: one that was kept
// while messages flowed, one of a clean stop, and none. Each time it must know what
// it knew.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSnapshotRecords = 20;
constexpr size_t kMessagesMax = 1'000;

class SnapshotTest : public testing::Test {
 protected:
  void Start(uint64_t snapshot_records) {
    bus_ = std::make_unique<TestBus>(TestBus::Options{
        .adjust_genesis = nullptr, .broker_prefix = {}, .snapshot_records = snapshot_records});
    bus_->Start();
    doj_ = std::make_unique<Drafts>(*bus_, kDoj);
    ins_ = std::make_unique<Drafts>(*bus_, kIns);
    Connect();
  }
  void Restart() {
    bus_->Start();
    Connect();
  }
  void Connect() {
    doj_channel_ = bus_->Channel(kDoj);
    ins_channel_ = bus_->Channel(kIns);
    operator_channel_ = bus_->Channel(kOperator);
  }

  void Send(const Drafts& drafts, const bus::v1::Header& header, const std::string& payload) {
    const bool by_doj = &drafts == doj_.get();
    sent_.push_back({.by_doj = by_doj, .message = drafts.Sign(header, payload), .receipt = ""});
    auto published = Publish(by_doj ? doj_channel_ : ins_channel_, sent_.back().message);
    Require(published.status(), "publish");
    sent_.back().receipt = published->receipt().SerializeAsString();
  }
  void SendReport() { Send(*doj_, doj_->Report(kIns), "report"); }
  void StepByDoj(const std::string& referral, types::v1::Transition transition, uint64_t version) {
    Send(*doj_, doj_->Case(kIns, referral, transition, version), doj_->Seal("case", kIns));
  }
  void StepByIns(const std::string& referral, types::v1::Transition transition, uint64_t version) {
    Send(*ins_, ins_->Case(kDoj, referral, transition, version), ins_->Seal("case", kDoj));
  }
  // One that is answered, and so leaves the broker's memory and its snapshots.
  std::string AnsweredReferral() {
    std::string referral = NewReferralId();
    StepByDoj(referral, types::v1::TRANSITION_REQUEST, 0);
    StepByIns(referral, types::v1::TRANSITION_TAKE_UP, 1);
    StepByIns(referral, types::v1::TRANSITION_ANSWER, 2);
    return referral;
  }

  // Messages, steps and signatures of a referral, as its requester reads them.
  std::string History(const std::string& referral) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.set_wait_for_ready(true);
    bus::v1::GetReferralHistoryRequest request;
    request.set_referral_id(referral);
    bus::v1::GetReferralHistoryResponse response;
    Require(rpc::FromGrpcStatus(bus::v1::LedgerService::NewStub(doj_channel_)
                                    ->GetReferralHistory(&context, request, &response)),
            "history");
    return response.SerializeAsString();
  }
  // In the queue of `path`, delivered or not.
  uint64_t Queued(std::string_view path) {
    auto status = Must(GetStatus(operator_channel_), "status");
    for (const auto& queue : status.queues()) {
      if (queue.identity() == cli::DevIdentity(path))
        return queue.waiting() + queue.leased() + queue.dead();
    }
    return 0;
  }
  size_t Sent(bool by_doj) const {
    size_t count = 0;
    for (const auto& one : sent_) count += one.by_doj == by_doj ? 1 : 0;
    return count;
  }

  // What is kept in a projection: ids with their receipts, queues, histories.
  void ExpectAllIsKnown(const char* when, const std::vector<std::string>& referrals,
                        const std::vector<std::string>& histories) {
    SCOPED_TRACE(when);
    for (const auto& one : sent_) {
      auto again = Publish(one.by_doj ? doj_channel_ : ins_channel_, one.message);
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_TRUE(again->duplicate());
      EXPECT_EQ(again->receipt().SerializeAsString(), one.receipt);
    }
    EXPECT_EQ(Queued(kIns), Sent(/*by_doj=*/true));
    EXPECT_EQ(Queued(kDoj), Sent(/*by_doj=*/false));
    ASSERT_EQ(referrals.size(), histories.size());
    for (size_t i = 0; i < referrals.size(); ++i)
      EXPECT_TRUE(History(referrals[i]) == histories[i]);
  }

  void ExpectEachIsDeliveredOnce() {
    std::set<std::string> want;
    for (const auto& one : sent_) {
      if (one.by_doj) want.insert(HeaderOf(one.message).id());
    }
    Puller puller(ins_channel_, *ins_);
    std::set<std::string> got;
    std::vector<bus::v1::Delivery> deliveries = puller.NextMany(want.size());
    for (const auto& one : deliveries) {
      EXPECT_EQ(one.attempt(), 1u);
      EXPECT_TRUE(got.insert(HeaderOf(one.message()).id()).second) << "delivered twice";
    }
    EXPECT_EQ(got, want);
    puller.Ack(deliveries);
    EXPECT_TRUE(Eventually([&] { return Queued(kIns) == 0; }));
    EXPECT_FALSE(puller.Next(absl::Milliseconds(200)).has_value());
  }

  // Tables that RocksDB has written: one for each flush, a few at most.
  size_t Tables() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(bus_->projection_dir())) {
      count += entry.path().extension() == ".sst" ? 1 : 0;
    }
    return count;
  }

  struct SentMessage {
    bool by_doj = true;
    bus::v1::SignedMessage message;
    std::string receipt;
  };

  std::unique_ptr<TestBus> bus_;
  std::unique_ptr<Drafts> doj_;
  std::unique_ptr<Drafts> ins_;
  std::shared_ptr<grpc::Channel> doj_channel_;
  std::shared_ptr<grpc::Channel> ins_channel_;
  std::shared_ptr<grpc::Channel> operator_channel_;
  std::vector<SentMessage> sent_;
};

TEST_F(SnapshotTest, AKilledBrokerStartsFromTheSnapshotThatItKeptWhileItRan) {
  Start(kSnapshotRecords);
  const std::string answered = AnsweredReferral();
  // One flush is done when the next has begun: then a snapshot is on the disk.
  while (Tables() < 2) {
    ASSERT_LT(sent_.size(), kMessagesMax) << "no snapshot is written";
    SendReport();
  }
  StepByDoj(answered, types::v1::TRANSITION_ENTERED_IN_ERROR, 3);
  const std::string open = NewReferralId();
  StepByDoj(open, types::v1::TRANSITION_REQUEST, 0);
  const std::vector<std::string> histories = {History(answered), History(open)};
  const uint64_t last = LastSequence(operator_channel_);
  bus_->Kill();
  Restart();
  std::cout << "killed at record " << last << ", read from the snapshot of record "
            << bus_->ReplayedFrom() << std::endl;
  EXPECT_GT(bus_->ReplayedFrom(), 0u);
  EXPECT_LE(bus_->ReplayedFrom(), last);
  ExpectAllIsKnown("after a kill", {answered, open}, histories);
  ExpectEachIsDeliveredOnce();
}

TEST_F(SnapshotTest, ACleanStopAndATailAndNothingGiveTheSame) {
  Start(/*snapshot_records=*/0);
  const std::string answered = AnsweredReferral();
  for (int i = 0; i < 10; ++i) SendReport();
  const uint64_t last = LastSequence(operator_channel_);
  bus_->Stop();
  Restart();
  const uint64_t stopped = bus_->ReplayedFrom();
  EXPECT_GE(stopped, last) << "a clean stop leaves a snapshot of the end";
  for (int i = 0; i < 10; ++i) SendReport();
  StepByDoj(answered, types::v1::TRANSITION_ENTERED_IN_ERROR, 3);
  const std::vector<std::string> histories = {History(answered)};
  bus_->Kill();
  Restart();
  EXPECT_EQ(bus_->ReplayedFrom(), stopped);
  ExpectAllIsKnown("from the snapshot of a clean stop", {answered}, histories);
  bus_->Kill();
  fs::remove_all(bus_->projection_dir());
  Restart();
  EXPECT_EQ(bus_->ReplayedFrom(), 0u);
  ExpectAllIsKnown("from the whole journal", {answered}, histories);
  ExpectEachIsDeliveredOnce();
}

}  // namespace
}  // namespace waystation::harness
