#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
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
#include "waystation/bus/v1/publisher.grpc.pb.h"

// How the broker delivers: the rules of subscriber.proto against the real
// process, across kills and restarts.

namespace waystation::harness {
namespace {

constexpr uint32_t kAttemptsMax = 4;

void FewAttempts(cli::DevLayout&, journal::v1::Genesis* genesis) {
  auto* delivery = genesis->mutable_policy()->mutable_delivery();
  delivery->set_attempts_max(kAttemptsMax);
  delivery->set_backoff_min_ms(100);
  delivery->set_backoff_max_ms(400);
}

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest()
      : bus_({.adjust_genesis = FewAttempts, .broker_prefix = {}}),
        doj_(bus_, kDoj),
        ins_(bus_, kIns) {
    bus_.Start();
    Connect();
  }

  // A killed broker's connections are not worth waiting for.
  void Connect() {
    doj_channel_ = bus_.Channel(kDoj);
    ins_channel_ = bus_.Channel(kIns);
    operator_channel_ = bus_.Channel(kOperator);
  }
  void KillAndStart() {
    bus_.Kill();
    bus_.Start();
    Connect();
  }

  bus::v1::SignedMessage Send(const bus::v1::Header& header, const std::string& payload = "x") {
    bus::v1::SignedMessage message = doj_.Sign(header, payload);
    Require(Publish(doj_channel_, message).status(), "publish");
    return message;
  }
  bus::v1::SignedMessage SendReport(const std::string& payload = "x", const std::string& key = "") {
    bus::v1::Header header = doj_.Report(kIns);
    header.set_ordering_key(key);
    return Send(header, payload);
  }

  operations::v1::QueueStatus Queue(std::string_view path = kIns) {
    auto status = Must(GetStatus(operator_channel_), "status");
    for (const auto& queue : status.queues()) {
      if (queue.identity() == cli::DevIdentity(path)) return queue;
    }
    return {};
  }
  bool Drained() {
    return Eventually([&] {
      auto queue = Queue();
      return queue.waiting() + queue.leased() + queue.dead() == 0;
    });
  }

  static void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
    out->set_seconds(absl::ToUnixSeconds(time));
    out->set_nanos(
        static_cast<int>((time - absl::FromUnixSeconds(out->seconds())) / absl::Nanoseconds(1)));
  }

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
  std::shared_ptr<grpc::Channel> doj_channel_;
  std::shared_ptr<grpc::Channel> ins_channel_;
  std::shared_ptr<grpc::Channel> operator_channel_;
};

TEST_F(DeliveryTest, OnlyAReceiptAcknowledges) {
  auto sent = SendReport("payload");
  {
    Puller puller(ins_channel_, ins_);
    auto got = puller.Next();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->attempt(), 1u);
    EXPECT_EQ(got->message().header(), sent.header());
    EXPECT_EQ(got->message().payload(), "payload");
    EXPECT_EQ(got->message().signature().SerializeAsString(), sent.signature().SerializeAsString());
    EXPECT_EQ(Queue().leased(), 1u);
  }
  Puller again(ins_channel_, ins_);
  auto got = again.Next();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->attempt(), 2u);
  ASSERT_TRUE(again.AckAndConfirm(*got));
  EXPECT_TRUE(Drained());
  // The receipt again, verbatim in effect: answered as the first one was.
  EXPECT_TRUE(again.AckAndConfirm(*got));
  EXPECT_FALSE(again.Next(absl::Milliseconds(300)).has_value());
}

TEST_F(DeliveryTest, ANackComesBackAfterItsBackoffAndDiesAtTheLast) {
  auto sent = SendReport();
  Puller puller(ins_channel_, ins_);
  std::vector<absl::Duration> waits;
  for (uint32_t attempt = 1; attempt <= kAttemptsMax; ++attempt) {
    absl::Duration asked = bus_.clock().Monotonic();
    auto got = puller.Next();
    ASSERT_TRUE(got.has_value()) << attempt;
    waits.push_back(bus_.clock().Monotonic() - asked);
    EXPECT_EQ(got->attempt(), attempt);
    puller.Nack(*got, std::nullopt, "BUSY");
    auto result = puller.NextResult();
    ASSERT_TRUE(result.has_value());
    EXPECT_FALSE(result->has_refusal()) << result->ShortDebugString();
  }
  // 100, 200, 400 ms, each shortened by at most a fifth.
  EXPECT_GE(waits[1], absl::Milliseconds(75));
  EXPECT_GE(waits[2], absl::Milliseconds(155));
  EXPECT_GE(waits[3], absl::Milliseconds(315));
  EXPECT_FALSE(puller.Next(absl::Milliseconds(600)).has_value());
  const std::string queue = cli::DevIdentity(kIns);
  auto dead = Must(ListDeadLetters(operator_channel_, queue), "dead letters");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].message_id(), HeaderOf(sent).id());
  EXPECT_EQ(dead[0].queue(), queue);
  EXPECT_EQ(dead[0].source(), cli::DevIdentity(kDoj));
  EXPECT_EQ(dead[0].attempts(), kAttemptsMax);
  EXPECT_EQ(dead[0].reason(), "BUSY");
  KillAndStart();
  EXPECT_EQ(Must(ListDeadLetters(operator_channel_, queue), "dead letters").size(), 1u);
  EXPECT_EQ(Must(Redrive(operator_channel_, queue, {}), "redrive"), 1u);
  EXPECT_EQ(Must(Redrive(operator_channel_, queue, {}), "redrive"), 0u);
  Puller after(ins_channel_, ins_);
  auto got = after.Next();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->attempt(), 1u);
  EXPECT_TRUE(after.AckAndConfirm(*got));
  EXPECT_TRUE(Drained());
  EXPECT_EQ(Redrive(operator_channel_, "spiffe://nobody/x", {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DeliveryTest, ARetryDelayIsKept) {
  SendReport();
  Puller puller(ins_channel_, ins_);
  auto got = puller.Next();
  ASSERT_TRUE(got.has_value());
  absl::Duration before = bus_.clock().Monotonic();
  puller.Nack(*got, absl::Milliseconds(900));
  ASSERT_TRUE(puller.Next().has_value());
  EXPECT_GE(bus_.clock().Monotonic() - before, absl::Milliseconds(890));
}

TEST_F(DeliveryTest, AttemptsAreExactAcrossDeadlinesAndKills) {
  SendReport();
  {
    Puller puller(ins_channel_, ins_, {.ack_deadline = absl::Seconds(1)});
    for (uint32_t attempt = 1; attempt <= 2; ++attempt) {
      auto got = puller.Next();
      ASSERT_TRUE(got.has_value());
      EXPECT_EQ(got->attempt(), attempt);  // Nobody answers: the deadline passes.
    }
    bus_.Kill();
  }
  bus_.Start();
  Connect();
  Puller puller(ins_channel_, ins_, {.ack_deadline = absl::Seconds(1)});
  auto got = puller.Next();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->attempt(), 3u);
  // A deadline that is moved is not missed.
  bus::v1::StreamingPullRequest extend;
  auto* change = extend.add_deadlines();
  change->set_message_id(HeaderOf(got->message()).id());
  change->set_attempt(3);
  change->mutable_ack_deadline()->set_seconds(30);
  puller.Send(extend);
  auto result = puller.NextResult();
  ASSERT_TRUE(result.has_value());
  EXPECT_FALSE(result->has_refusal());
  EXPECT_FALSE(puller.Next(absl::Milliseconds(1500)).has_value());
  EXPECT_TRUE(puller.AckAndConfirm(*got));
}

TEST_F(DeliveryTest, AKeyHasOneInFlightWhileOthersFlow) {
  for (int i = 0; i < 5; ++i) {
    SendReport(absl::StrCat("a", i), "key-a");
    SendReport(absl::StrCat("b", i), "key-b");
    SendReport(absl::StrCat("n", i));
  }
  Puller puller(ins_channel_, ins_);
  std::vector<bus::v1::Delivery> first = puller.NextMany(20, absl::Milliseconds(500));
  std::set<std::string> payloads;
  for (const auto& got : first) payloads.insert(got.message().payload());
  EXPECT_EQ(payloads, (std::set<std::string>{"a0", "b0", "n0", "n1", "n2", "n3", "n4"}));
  std::map<std::string, bus::v1::Delivery> held;
  for (const auto& got : first) held[got.message().payload()] = got;
  // b goes on while a waits, also when a is given back and comes again.
  for (int i = 0; i < 5; ++i) {
    puller.Ack(held.at(absl::StrCat("b", i)));
    if (i == 4) break;
    auto next = puller.Next();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->message().payload(), absl::StrCat("b", i + 1));
    held[next->message().payload()] = *next;
  }
  puller.Nack(held.at("a0"), absl::Milliseconds(10));
  auto a0 = puller.Next();
  ASSERT_TRUE(a0.has_value());
  EXPECT_EQ(a0->message().payload(), "a0");
  KillAndStart();
  Puller after(ins_channel_, ins_);
  std::vector<std::string> order;
  while (auto got = after.Next(absl::Milliseconds(700))) {
    if (got->message().payload()[0] == 'a') order.push_back(got->message().payload());
    after.Ack(*got);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"a0", "a1", "a2", "a3", "a4"}));
  EXPECT_TRUE(Drained());
}

TEST_F(DeliveryTest, NotBeforeAndExpiryHoldAcrossARestart) {
  const absl::Time begin = bus_.clock().Now();
  bus::v1::Header later = doj_.Report(kIns);
  SetTime(begin + absl::Seconds(3), later.mutable_not_before());
  bus::v1::Header brief = doj_.Report(kIns);
  SetTime(begin + absl::Milliseconds(1200), brief.mutable_expire_time());
  Send(later, "later");
  Send(brief, "brief");
  KillAndStart();
  ASSERT_TRUE(Eventually([&] { return bus_.clock().Now() > begin + absl::Milliseconds(1300); }));
  Puller puller(ins_channel_, ins_);
  auto got = puller.Next();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->message().payload(), "later");
  EXPECT_GE(bus_.clock().Now(), begin + absl::Seconds(3));
  EXPECT_TRUE(puller.AckAndConfirm(*got));
  EXPECT_TRUE(Drained());
  int expired = 0;
  for (const auto& record : ReadRecords(bus_, 1, LastSequence(operator_channel_))) {
    expired += record.has_expired() ? 1 : 0;
  }
  EXPECT_EQ(expired, 1) << "the expiry is on the record";
}

TEST_F(DeliveryTest, ADuplicateOfAnyAgeIsAnsweredWithTheFirstBytes) {
  std::vector<bus::v1::SignedMessage> sent;
  std::vector<std::string> receipts;
  auto check = [&](const char* when) {
    for (size_t i = 0; i < sent.size(); ++i) {
      auto again = Publish(doj_channel_, sent[i]);
      ASSERT_TRUE(again.ok()) << when << ": " << again.status();
      EXPECT_TRUE(again->duplicate()) << when;
      EXPECT_EQ(again->receipt().SerializeAsString(), receipts[i]) << when << " " << i;
      auto outcome = GetPublishOutcome(doj_channel_, HeaderOf(sent[i]).id());
      ASSERT_TRUE(outcome.ok()) << when << ": " << outcome.status();
      EXPECT_EQ(outcome->SerializeAsString(), receipts[i]) << when << " " << i;
    }
  };
  for (int i = 0; i < 20; ++i) {
    bus::v1::Header header = doj_.Report(kIns);
    // Ids of a sender whose clock is wrong, either way.
    if (i % 5 == 1) header.mutable_id()->replace(0, 4, "7fff");
    if (i % 5 == 2) header.mutable_id()->replace(0, 4, "0000");
    sent.push_back(doj_.Sign(header, absl::StrCat("message ", i)));
    receipts.push_back(
        Must(Publish(doj_channel_, sent.back()), "publish").receipt().SerializeAsString());
  }
  {
    Puller puller(ins_channel_, ins_);
    auto got = puller.NextMany(20);
    puller.Ack(got);
    EXPECT_TRUE(Drained());
  }
  check("at once");
  KillAndStart();
  check("after a kill");
  bus_.Stop();
  bus_.Start();
  Connect();
  check("after a clean stop");
  bus_.Kill();
  std::filesystem::remove_all(bus_.projection_dir());
  bus_.Start();
  Connect();
  check("after the projection was deleted");
  Puller puller(ins_channel_, ins_);
  EXPECT_FALSE(puller.Next(absl::Milliseconds(300)).has_value()) << "delivered a second time";
}

TEST_F(DeliveryTest, AClosedStreamGivesItsLeasesBackAtOnce) {
  for (int i = 0; i < 10; ++i) SendReport();
  auto first = std::make_unique<Puller>(ins_channel_, ins_);
  ASSERT_EQ(first->NextMany(10).size(), 10u);
  Puller second(bus_.Channel(kIns), ins_);
  EXPECT_FALSE(second.Next(absl::Milliseconds(200)).has_value());
  absl::Duration before = bus_.clock().Monotonic();
  first.reset();
  std::vector<bus::v1::Delivery> got = second.NextMany(10);
  EXPECT_EQ(got.size(), 10u);
  EXPECT_LT(bus_.clock().Monotonic() - before, absl::Seconds(2));
  for (const auto& one : got) EXPECT_EQ(one.attempt(), 2u);
  second.Ack(got);
  EXPECT_TRUE(Drained());
}

TEST_F(DeliveryTest, StreamsOfOneQueueShareIt) {
  constexpr size_t kStreams = 3;
  std::vector<std::unique_ptr<Puller>> pullers;
  for (size_t i = 0; i < kStreams; ++i) {
    pullers.push_back(std::make_unique<Puller>(
        bus_.Channel(kIns), ins_,
        Puller::Options{.client_id = absl::StrCat("s", i), .outstanding_messages_max = 10}));
  }
  for (int i = 0; i < 30; ++i) SendReport();
  std::set<std::string> ids;
  for (auto& puller : pullers) {
    auto got = puller->NextMany(10);
    EXPECT_EQ(got.size(), 10u);  // Its limit, while it answers nothing.
    for (const auto& one : got) EXPECT_TRUE(ids.insert(HeaderOf(one.message()).id()).second);
    puller->Ack(got);
  }
  EXPECT_EQ(ids.size(), 30u);
  EXPECT_TRUE(Drained());
}

// A whole frame fills a block; what it brought must not wait for the next tick.
TEST_F(DeliveryTest, AFullBlockIsDeliveredWithoutDelay) {
  Puller puller(ins_channel_, ins_);
  auto once = SendReport();
  ASSERT_TRUE(puller.Next().has_value());  // The stream is open.
  std::vector<bus::v1::Header> headers(1024);
  for (auto& header : headers) header = doj_.Report(kIns);
  bus::v1::StreamingPublishRequest frame;
  for (auto& message : doj_.SignBatch(headers, "x")) *frame.add_messages() = std::move(message);
  auto stub = bus::v1::PublisherService::NewStub(doj_channel_);
  grpc::ClientContext context;
  auto stream = stub->StreamingPublish(&context);
  ASSERT_TRUE(stream->Write(frame));
  bus::v1::StreamingPublishResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.results_size(), 1024) << "one frame is one answer";
  absl::Duration answered = bus_.clock().Monotonic();
  auto got = puller.NextMany(1024);
  absl::Duration took = bus_.clock().Monotonic() - answered;
  EXPECT_EQ(got.size(), 1024u);
  EXPECT_LT(took, absl::Milliseconds(600)) << "the sequencer slept over what was ready";
  std::cout << "1,024 messages delivered " << took << " after their receipts" << std::endl;
  stream->WritesDone();
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(DeliveryTest, ACleanStopEndsOpenStreamsWithinThreeSeconds) {
  SendReport();
  Puller puller(ins_channel_, ins_);
  ASSERT_TRUE(puller.Next().has_value());
  auto stub = bus::v1::PublisherService::NewStub(doj_channel_);
  grpc::ClientContext context;
  auto publishing = stub->StreamingPublish(&context);
  bus::v1::StreamingPublishRequest frame;
  *frame.add_messages() = doj_.Sign(doj_.Report(kIns), "x");
  ASSERT_TRUE(publishing->Write(frame));
  bus::v1::StreamingPublishResponse response;
  ASSERT_TRUE(publishing->Read(&response));
  absl::Duration took = bus_.Stop();
  EXPECT_LT(took, absl::Seconds(3));
  auto ended = puller.Ended();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->error_code(), grpc::StatusCode::UNAVAILABLE) << ended->error_message();
  EXPECT_FALSE(publishing->Read(&response));
  EXPECT_EQ(publishing->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  std::cout << "stopped in " << took << std::endl;
}

// A receiver that half-closes still gets the results of what it sent.
TEST_F(DeliveryTest, AHalfClosedPullIsAnsweredBeforeItEnds) {
  SendReport();
  Puller puller(ins_channel_, ins_);
  auto got = puller.Next();
  ASSERT_TRUE(got.has_value());
  bus::v1::StreamingPullRequest many;
  for (int i = 0; i < 20; ++i) *many.add_receipts() = ins_.SignReceipts({ins_.Receipt(*got)});
  puller.Send(many);
  puller.Close();
  for (int i = 1; i < 20; ++i) ASSERT_TRUE(puller.NextResult(absl::Seconds(3)).has_value()) << i;
  EXPECT_TRUE(puller.NextResult(absl::Seconds(3)).has_value());
  EXPECT_TRUE(puller.Ended().has_value());
  EXPECT_TRUE(Drained());
}

}  // namespace
}  // namespace waystation::harness
