#include "common/agency/live_bus.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "common/client/fake_broker.h"
#include "common/clock/clock.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/test_tls.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::agency {
namespace {

constexpr char kIns[] = "/agency/ins";
constexpr char kDoj[] = "/agency/doj";

// Acknowledges every frame and remembers what it was told.
class RecordingListener : public BusListener {
 public:
  explicit RecordingListener(const evidence::Signer& signer) : signer_(signer) {}

  void OnDirectory(const bus::v1::Directory& directory) override {
    Note(absl::StrCat("directory ", directory.identities_size() > 0 ? "filled" : "empty"));
  }
  void OnConnected() override { Note("connected"); }
  void OnDisconnected(const absl::Status&) override { Note("disconnected"); }
  FrameReply OnFrame(std::vector<VerifiedDelivery> frame) override {
    FrameReply reply;
    std::vector<std::string> receipts;
    for (const VerifiedDelivery& each : frame) {
      Note("frame " + each.header.id());
      if (give_back) {
        reply.given_back.push_back({each.header.id(), each.attempt, "TEST_REASON"});
        continue;
      }
      bus::v1::DeliveryReceipt receipt;
      receipt.set_message_id(each.header.id());
      receipt.set_envelope_hash(std::string(crypto::AsBytes(each.envelope_hash)));
      receipt.set_recipient(signer_.identity());
      receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
      receipt.set_attempt(each.attempt);
      receipt.mutable_time()->set_seconds(1);
      receipts.push_back(receipt.SerializeAsString());
    }
    if (receipts.empty()) return reply;
    auto batch = signer_.SignReceipts(std::move(receipts), evidence::TestBus::Now());
    EXPECT_TRUE(batch.ok()) << batch.status();
    reply.receipts.push_back(batch->SerializeAsString());
    return reply;
  }
  void OnAckResult(std::string_view message_id, const absl::Status& result) override {
    Note(absl::StrCat("ack ", Absl(message_id), " ", absl::StatusCodeToString(result.code())));
  }

  bool WaitFor(const std::string& what) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return std::find(told_.begin(), told_.end(), what) != told_.end();
    });
  }

  bool give_back = false;

 private:
  void Note(std::string what) {
    std::lock_guard<std::mutex> lock(mutex_);
    told_.push_back(std::move(what));
    changed_.notify_all();
  }

  const evidence::Signer& signer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
};

class LiveBusTest : public testing::Test {
 protected:
  LiveBusTest()
      : ins_(std::make_shared<evidence::Signer>(bus_.Enroll(kIns))),
        doj_(std::make_shared<evidence::Signer>(bus_.Enroll(kDoj))),
        broker_(bus_, tls_, clock_),
        listener_(*ins_),
        live_(MakeClient(), "test") {}
  ~LiveBusTest() override { live_.Stop(); }

  std::shared_ptr<client::BusClient> MakeClient() {
    client::BusClient::Options options;
    options.target = broker_.address();
    options.trust = tls_.Trust(clock_);
    options.broker_identity = evidence::TestBus::Identity(client::kFakeBrokerPath);
    auto credentials =
        rpc::MakeChannelCredentials(tls_.Issue({evidence::TestBus::Identity(kIns)}).files,
                                    options.trust, clock_, options.broker_identity);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    options.credentials = *credentials;
    options.signer = ins_;
    options.directory_refresh_min = absl::ZeroDuration();
    return std::make_shared<client::BusClient>(std::move(options), clock_);
  }

  static bus::v1::SignedMessage Note(const evidence::Signer& signer, const char* from,
                                     const char* to, uint64_t number) {
    const std::string payload = "note";
    return evidence::TestMessage(signer, evidence::TestHeader(from, to, number, payload), payload);
  }
  static std::string IdOf(const char* from, const char* to, uint64_t number) {
    return evidence::TestHeader(from, to, number, "").id();
  }

  absl::StatusOr<bus::v1::SignedReceipt> PublishAndWait(uint64_t number) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<absl::StatusOr<bus::v1::SignedReceipt>> result;
    live_.Publish(IdOf(kIns, kDoj, number), Note(*ins_, kIns, kDoj, number), [&](auto outcome) {
      std::lock_guard<std::mutex> lock(mutex);
      result = std::move(outcome);
      changed.notify_all();
    });
    std::unique_lock<std::mutex> lock(mutex);
    bool came =
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return result.has_value(); });
    if (!came) Fatal("no outcome of a publish");
    return *result;
  }

  FakeClock clock_{evidence::TestBus::Now()};
  evidence::TestBus bus_;
  rpc::TestTls tls_{bus_.authority(), evidence::TestBus::Now()};
  std::shared_ptr<const evidence::Signer> ins_;
  std::shared_ptr<const evidence::Signer> doj_;
  client::FakeBroker broker_;
  RecordingListener listener_;
  LiveBus live_;
};

TEST_F(LiveBusTest, TellsOfDirectoryAndConnection) {
  live_.Start(&listener_);
  EXPECT_TRUE(listener_.WaitFor("directory filled"));
  EXPECT_TRUE(listener_.WaitFor("connected"));
}

TEST_F(LiveBusTest, ConnectsToABrokerThatComesLater) {
  broker_.Stop();
  live_.Start(&listener_);
  broker_.Start();
  EXPECT_TRUE(listener_.WaitFor("connected"));
}

TEST_F(LiveBusTest, ReportsAKeptMessageWithItsReceipt) {
  live_.Start(&listener_);
  absl::StatusOr<bus::v1::SignedReceipt> kept = PublishAndWait(1);
  ASSERT_TRUE(kept.ok()) << kept.status();
  bus::v1::CustodyReceipt receipt;
  ASSERT_TRUE(receipt.ParseFromString(kept->receipt()));
  EXPECT_EQ(receipt.message_id(), IdOf(kIns, kDoj, 1));
}

TEST_F(LiveBusTest, ReportsARefusal) {
  live_.Start(&listener_);
  broker_.Refuse(IdOf(kIns, kDoj, 1));
  absl::Status refused = PublishAndWait(1).status();
  EXPECT_FALSE(refused.ok());
  EXPECT_FALSE(absl::IsUnavailable(refused)) << refused;
}

TEST_F(LiveBusTest, SaysUnavailableBeforeItIsStarted) {
  EXPECT_TRUE(absl::IsUnavailable(PublishAndWait(1).status()));
}

TEST_F(LiveBusTest, SendsTheReceiptsOfAFrameAndReportsTheirResult) {
  live_.Start(&listener_);
  broker_.Enqueue(Note(*doj_, kDoj, kIns, 7));
  const std::string id = IdOf(kDoj, kIns, 7);
  EXPECT_TRUE(listener_.WaitFor("frame " + id));
  EXPECT_TRUE(listener_.WaitFor("ack " + id + " OK"));
  ASSERT_EQ(broker_.receipts().size(), 1u);
  EXPECT_EQ(broker_.receipts()[0].message_id(), id);
}

TEST_F(LiveBusTest, GivesBackWithItsReason) {
  listener_.give_back = true;
  live_.Start(&listener_);
  broker_.Enqueue(Note(*doj_, kDoj, kIns, 7));
  EXPECT_TRUE(listener_.WaitFor("frame " + IdOf(kDoj, kIns, 7)));
  broker_.Await([&] { return !broker_.nacks().empty(); });
  EXPECT_EQ(broker_.nacks()[0].reason(), "TEST_REASON");
}

TEST_F(LiveBusTest, AsksTheLedger) {
  live_.Start(&listener_);
  bus::v1::Referral referral;
  referral.set_referral_id(std::string(16, 'r'));
  referral.set_version(3);
  broker_.SetReferral(referral);
  auto found = live_.GetReferral(referral.referral_id(), absl::Seconds(10));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->version(), 3u);
}

TEST_F(LiveBusTest, FetchesEvidenceWithTheDirectory) {
  live_.Start(&listener_);
  bus::v1::Referral referral;
  referral.set_referral_id(std::string(16, 'r'));
  broker_.SetReferral(referral);
  auto evidence = live_.GetEvidence(referral.referral_id(), absl::Seconds(10));
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  EXPECT_EQ(evidence->history.referral().referral_id(), referral.referral_id());
  EXPECT_GT(evidence->directory.directory().identities_size(), 0);
}

TEST_F(LiveBusTest, DoesNotWaitForALedgerThatIsAway) {
  broker_.Stop();
  auto found = live_.GetReferral(std::string(16, 'r'), absl::Milliseconds(200));
  EXPECT_TRUE(absl::IsUnavailable(found.status()) || absl::IsDeadlineExceeded(found.status()))
      << found.status();
}

}  // namespace
}  // namespace waystation::agency
