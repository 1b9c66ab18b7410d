#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/client/publish_stream.h"
#include "common/client/pull_stream.h"
#include "common/status/status.h"
#include "grpcpp/completion_queue.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"

// SIGKILL of the broker at random moments while messages flow. Publishers
// resend the same bytes until a custody receipt proves that the bus has them;
// consumers keep a table of effects by message id and resend the receipt that
// they made with the effect. At the end the table and the record must agree:
// no acknowledged message lost, no effect twice, order per key kept.

namespace waystation::harness {
namespace {

constexpr int kMessages = 10'000;
constexpr int kPublishers = 4;
constexpr int kConsumers = 3;
constexpr int kKills = 20;
constexpr int kKeys = 50;  // And every fourth message has none.

struct Plan {
  std::string_view path;
  std::string_view recipient;
};

// Three publishers of doj and one of ins, so that two queues are at work.
Plan PlanOf(int publisher) { return publisher == 3 ? Plan{kIns, kDoj} : Plan{kDoj, kIns}; }

std::string KeyOf(int number) {
  return number % 4 == 3 ? "" : absl::StrCat("key-", number % kKeys);
}

// What a receiving agency would keep in its store.
class Effects {
 public:
  // Returns the receipt of the message: a new one with its effect, or the one
  // of before.
  std::string Apply(const client::VerifiedDelivery& delivery, const std::string& recipient) {
    std::lock_guard<std::mutex> lock(mutex_);
    const bus::v1::Header& header = delivery.header;
    auto [it, fresh] = receipts_.try_emplace(header.id());
    if (!fresh) {
      ++redelivered_;
      return it->second;
    }
    NoteOrder(header, delivery.message.payload());
    it->second = MakeReceipt(delivery, recipient);
    return it->second;
  }

  size_t size() {
    std::lock_guard<std::mutex> lock(mutex_);
    return receipts_.size();
  }
  std::set<std::string> ids() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::set<std::string> ids;
    for (const auto& [id, receipt] : receipts_) ids.insert(id);
    return ids;
  }
  int redelivered() const { return redelivered_; }
  int out_of_order() const { return out_of_order_; }

 private:
  // Payload is "<publisher> <number>": numbers of a key rise.
  void NoteOrder(const bus::v1::Header& header, const std::string& payload) {
    if (header.ordering_key().empty()) return;
    std::vector<std::string> parts = absl::StrSplit(payload, ' ');
    int number = 0;
    WS_CHECK(parts.size() == 2 && absl::SimpleAtoi(parts[1], &number));
    int& last = last_[absl::StrCat(parts[0], "/", header.ordering_key())];
    if (number <= last) ++out_of_order_;
    last = number;
  }

  static std::string MakeReceipt(const client::VerifiedDelivery& delivery,
                                 const std::string& recipient) {
    bus::v1::DeliveryReceipt receipt;
    receipt.set_message_id(delivery.header.id());
    receipt.set_envelope_hash(std::string(crypto::AsBytes(delivery.envelope_hash)));
    receipt.set_recipient(recipient);
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    receipt.set_attempt(delivery.attempt);
    receipt.mutable_time()->set_seconds(absl::ToUnixSeconds(SystemClock().Now()));
    return receipt.SerializeAsString();
  }

  std::mutex mutex_;
  std::map<std::string, std::string> receipts_;
  std::map<std::string, int> last_;
  int redelivered_ = 0;
  int out_of_order_ = 0;
};

struct Outcomes {
  std::mutex mutex;
  std::map<std::string, uint64_t> sequence_by_id;
  std::vector<std::string> failures;

  void Take(const client::PublishOutcome& outcome) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!outcome.status.ok()) {
      failures.push_back(outcome.status.ToString());
      return;
    }
    if (!sequence_by_id.emplace(outcome.message_id, outcome.published.receipt.sequence()).second) {
      failures.push_back("a second outcome for " + outcome.message_id);
    }
  }
  size_t size() {
    std::lock_guard<std::mutex> lock(mutex);
    return sequence_by_id.size();
  }
};

void PublishAll(const Drafts& drafts, int publisher, client::PublishStream& stream) {
  for (int i = 0; i < kMessages / kPublishers; ++i) {
    bus::v1::Header header = drafts.Report(PlanOf(publisher).recipient);
    header.set_ordering_key(KeyOf(i));
    bus::v1::SignedMessage message = drafts.Sign(header, absl::StrCat(publisher, " ", i + 1));
    if (!stream.WaitForRoom(absl::Seconds(60))) return;  // The count will tell.
    Require(stream.Send(message), "send");
  }
}

class KillBrokerTest : public testing::Test {
 protected:
  KillBrokerTest() : random_(TestSeed()) {
    bus_.Start();
    for (int i = 0; i < kPublishers; ++i) {
      drafts_.push_back(std::make_unique<Drafts>(bus_, PlanOf(i).path));
      client::PublishStream::Options options;
      options.inflight_messages_max = 128;
      options.frame_messages_max = 32;
      options.backoff_min = absl::Milliseconds(20);
      options.backoff_max = absl::Milliseconds(200);
      streams_.push_back(std::make_unique<client::PublishStream>(
          bus_.Client(PlanOf(i).path), options,
          [this](const client::PublishOutcome& outcome) { outcomes_.Take(outcome); }));
    }
    for (int i = 0; i < kConsumers; ++i) AddConsumer(i == 0 ? kDoj : kIns, i);
  }

  void AddConsumer(std::string_view path, int number) {
    auto signer = bus_.Signer(path);
    client::PullStream::Options options;
    options.client_id = absl::StrCat("consumer-", number);
    options.outstanding_messages_max = 256;
    options.backoff_min = absl::Milliseconds(20);
    options.backoff_max = absl::Milliseconds(200);
    client::PullStream::Handlers handlers;
    handlers.on_frame = [this, signer](std::vector<client::VerifiedDelivery> frame) {
      std::vector<std::string> receipts;
      for (const auto& one : frame) receipts.push_back(effects_.Apply(one, signer->identity()));
      client::FrameAnswer answer;
      answer.receipts.push_back(
          Must(signer->SignReceipts(std::move(receipts), SystemClock().Now()), "receipts"));
      return answer;
    };
    handlers.on_ack = [this](std::string_view id, const absl::Status& status) {
      if (status.ok()) return;
      std::lock_guard<std::mutex> lock(outcomes_.mutex);
      outcomes_.failures.push_back(absl::StrCat("ack of ", Absl(id), ": ", status.ToString()));
    };
    handlers.on_bad_delivery = [this](std::string_view id, const absl::Status& status) {
      std::lock_guard<std::mutex> lock(outcomes_.mutex);
      outcomes_.failures.push_back(absl::StrCat("bad ", Absl(id), ": ", status.ToString()));
    };
    consumers_.push_back(
        std::make_unique<client::PullStream>(bus_.Client(path), options, std::move(handlers)));
  }

  // Kills when a random share of the messages is acknowledged, a random moment
  // after that.
  void KillRepeatedly() {
    for (int i = 1; i <= kKills; ++i) {
      size_t share = static_cast<size_t>(kMessages) * static_cast<size_t>(i) / (kKills + 1);
      size_t at = share - random_() % 200;
      ASSERT_TRUE(Eventually([&] { return outcomes_.size() >= at; }, absl::Seconds(60)))
          << outcomes_.size() << " acknowledged, want " << at;
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 20'000));
      bus_.Kill();
      bus_.Start();
    }
  }

  // The record itself: each message accepted once and delivered once, and never
  // leased again after that.
  void CheckRecord() {
    auto operator_channel = bus_.Channel(kOperator);
    std::map<std::string, uint64_t> accepted;
    std::set<uint64_t> delivered;
    for (const auto& record : ReadRecords(bus_, 1, LastSequence(operator_channel))) {
      if (record.has_accepted()) {
        bus::v1::Header header;
        ASSERT_TRUE(header.ParseFromString(record.accepted().header()));
        EXPECT_TRUE(accepted.emplace(header.id(), record.sequence()).second) << header.id();
      }
      for (uint64_t sequence : record.leased().sequences()) {
        EXPECT_EQ(delivered.count(sequence), 0u) << "leased after its receipt: " << sequence;
      }
      for (uint64_t sequence : record.delivered().sequences()) {
        EXPECT_TRUE(sequence == 0 || delivered.insert(sequence).second) << sequence;
      }
    }
    EXPECT_EQ(accepted, outcomes_.sequence_by_id) << "receipts and record differ";
    EXPECT_EQ(delivered.size(), static_cast<size_t>(kMessages));
  }

  std::mt19937_64 random_;
  TestBus bus_;
  Outcomes outcomes_;
  Effects effects_;
  std::vector<std::unique_ptr<Drafts>> drafts_;
  std::vector<std::unique_ptr<client::PublishStream>> streams_;
  std::vector<std::unique_ptr<client::PullStream>> consumers_;
};

TEST_F(KillBrokerTest, NothingAcknowledgedIsLostNothingAppliedTwiceOrderKept) {
  std::vector<std::thread> publishers;
  for (int i = 0; i < kPublishers; ++i) {
    auto place = static_cast<size_t>(i);
    publishers.emplace_back([&, i, place] { PublishAll(*drafts_[place], i, *streams_[place]); });
  }
  KillRepeatedly();
  for (std::thread& publisher : publishers) publisher.join();
  EXPECT_TRUE(Eventually([&] { return outcomes_.size() == kMessages; }, absl::Seconds(60)));
  EXPECT_TRUE(Eventually([&] { return effects_.size() == kMessages; }, absl::Seconds(60)));
  auto operator_channel = bus_.Channel(kOperator);
  bool empty = Eventually(
      [&] {
        auto status = Must(GetStatus(operator_channel), "status");
        return std::all_of(status.queues().begin(), status.queues().end(), [](const auto& queue) {
          return queue.waiting() + queue.leased() + queue.dead() == 0;
        });
      },
      absl::Seconds(90));
  EXPECT_TRUE(empty) << "messages left in a queue";
  CheckRecord();
  for (auto& stream : streams_) stream->Stop();
  for (auto& consumer : consumers_) consumer->Stop();
  EXPECT_EQ(outcomes_.size(), static_cast<size_t>(kMessages));
  EXPECT_EQ(effects_.size(), static_cast<size_t>(kMessages));
  EXPECT_EQ(effects_.out_of_order(), 0);
  for (const std::string& failure : outcomes_.failures) ADD_FAILURE() << failure;
  std::cout << kMessages << " messages, " << kKills << " kills, " << effects_.redelivered()
            << " redeliveries answered with the first receipt" << std::endl;
}

}  // namespace
}  // namespace waystation::harness
