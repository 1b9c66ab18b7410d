#include "common/client/pull_stream.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/client/fake_broker_fixture.h"
#include "common/evidence/content_types.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The agency DOJ as a receiver of messages from INS.
class PullStreamTest : public FakeBrokerFixture {
 protected:
  PullStream::Options Quick() {
    PullStream::Options options;
    options.client_id = "test";
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(20);
    return options;
  }

  PullStream::Handlers Handlers() {
    PullStream::Handlers handlers;
    handlers.on_frame = [this](std::vector<VerifiedDelivery> frame) { return OnFrame(frame); };
    handlers.on_ack = [this](std::string_view id, const absl::Status& status) {
      std::lock_guard<std::mutex> lock(mutex_);
      acks_[std::string(id)] = status;
      changed_.notify_all();
    };
    handlers.on_bad_delivery = [this](std::string_view id, const absl::Status& status) {
      std::lock_guard<std::mutex> lock(mutex_);
      bad_[std::string(id)] = ReasonOf(status);
      changed_.notify_all();
    };
    return handlers;
  }

  FrameAnswer OnFrame(const std::vector<VerifiedDelivery>& frame) {
    FrameAnswer answer;
    std::vector<std::string> receipts;
    for (const auto& delivery : frame) receipts.push_back(ReceiptFor(delivery));
    std::unique_lock<std::mutex> lock(mutex_);
    for (const auto& delivery : frame) {
      seen_.push_back(delivery.header.id());
      payloads_[delivery.header.id()] = delivery.message.payload();
      EXPECT_FALSE(delivery.message.has_parent());
    }
    changed_.notify_all();
    if (silent_) return answer;
    answer.receipts.push_back(*doj_->SignReceipts(receipts, evidence::TestBus::Now()));
    return answer;
  }

  std::string ReceiptFor(const VerifiedDelivery& delivery) {
    bus::v1::DeliveryReceipt receipt;
    receipt.set_message_id(delivery.header.id());
    receipt.set_envelope_hash(delivery.envelope_hash.data(), delivery.envelope_hash.size());
    receipt.set_recipient(evidence::TestBus::Identity(kDoj));
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    receipt.set_attempt(delivery.attempt);
    receipt.mutable_time()->set_seconds(1'795'000'000);
    return receipt.SerializeAsString();
  }

  // The test's own time limit ends a wait that is too long.
  template <typename Done>
  void Await(Done done) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, done);
  }

  bus::v1::SignedMessage FromIns(uint64_t number) { return Note(*ins_, kIns, kDoj, number); }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool silent_ = false;
  std::vector<std::string> seen_;
  std::map<std::string, std::string> payloads_;
  std::map<std::string, absl::Status> acks_;
  std::map<std::string, std::string> bad_;
};

TEST_F(PullStreamTest, HandsOverVerifiedMessagesAndSendsTheirReceipts) {
  PullStream stream(client_, Quick(), Handlers());
  for (uint64_t i = 0; i < 100; ++i) broker_.Enqueue(FromIns(i));
  Await([&] { return acks_.size() == 100; });
  stream.Stop();
  ASSERT_EQ(seen_.size(), 100u);
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(seen_[i], IdOf(i));
    EXPECT_EQ(payloads_[IdOf(i)], "note " + std::to_string(i));
    EXPECT_EQ(acks_[IdOf(i)], absl::OkStatus());
  }
  EXPECT_EQ(broker_.receipts().size(), 100u);
  EXPECT_THAT(broker_.nacks(), IsEmpty());
}

TEST_F(PullStreamTest, OpensWithItsNameDeadlineAndLimits) {
  PullStream::Options options = Quick();
  options.ack_deadline = absl::Milliseconds(2500);
  options.outstanding_messages_max = 7;
  PullStream stream(client_, options, Handlers());
  broker_.Await([&] { return broker_.last_open().client_id() == "test"; });
  EXPECT_EQ(broker_.last_open().ack_deadline().seconds(), 2);
  EXPECT_EQ(broker_.last_open().ack_deadline().nanos(), 500'000'000);
  EXPECT_EQ(broker_.last_open().flow_control().outstanding_messages_max(), 7u);
}

TEST_F(PullStreamTest, AForgedMessageNeverReachesTheHandler) {
  auto signature = FromIns(0);
  signature.mutable_signature()->mutable_signature()->back() ^= 1;
  auto payload = FromIns(1);
  payload.set_payload("other");
  auto unsigned_message = FromIns(2);
  unsigned_message.clear_signature();
  // Signed by INS in the name of DOJ's neighbour.
  bus_.Enroll("/agency/dol");
  broker_.PublishDirectory();
  auto other_name = Note(*ins_, "/agency/dol", kDoj, 3);
  // Good, but for somebody else.
  auto elsewhere = Note(*ins_, kIns, "/agency/dol", 4);
  auto unknown_type = evidence::TestHeader(kIns, kDoj, 5, "x");
  unknown_type.set_type("waystation.unknown.v1");
  bus::v1::SignedMessage garbage;
  garbage.set_header("garbage");
  for (const auto& message : {signature, payload, unsigned_message, other_name, elsewhere,
                              evidence::TestMessage(*ins_, unknown_type, "x"), garbage}) {
    broker_.Enqueue(message);
  }
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(9));
  broker_.Await([&] { return broker_.nacks().size() == 6 && broker_.receipts().size() == 1; });
  Await([&] { return bad_.size() == 7; });
  stream.Stop();
  EXPECT_THAT(seen_, ElementsAre(IdOf(9)));
  EXPECT_EQ(bad_[IdOf(0)], "SIGNATURE_INVALID");
  EXPECT_EQ(bad_[IdOf(1)], "PAYLOAD_MISMATCH");
  EXPECT_EQ(bad_[IdOf(2)], "SIGNATURE_MISSING");
  EXPECT_EQ(bad_[IdOf(3)], "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(bad_[IdOf(4)], "RECIPIENTS_INVALID");
  EXPECT_EQ(bad_[IdOf(5)], "UNKNOWN_TYPE");
  EXPECT_EQ(bad_[""], "HEADER_MALFORMED");
  EXPECT_EQ(broker_.nacks()[0].attempt(), 1u);
}

TEST_F(PullStreamTest, LearnsOfASenderThatWasEnrolledAfterItConnected) {
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(0));
  Await([&] { return acks_.size() == 1; });
  evidence::Signer dol = bus_.Enroll("/agency/dol");
  broker_.PublishDirectory();
  broker_.Enqueue(Note(dol, "/agency/dol", kDoj, 1));
  Await([&] { return acks_.size() == 2; });
  stream.Stop();
  EXPECT_THAT(seen_, ElementsAre(IdOf(0), IdOf(1)));
  EXPECT_THAT(bad_, IsEmpty());
}

TEST_F(PullStreamTest, RefusesASenderWhoseCertificateWasRevokedBeforeTheAcceptTime) {
  tls_.Revoke({ins_->certificate().serial()});
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(0));
  Await([&] { return bad_.size() == 1; });
  EXPECT_EQ(bad_[IdOf(0)], "CERTIFICATE_REVOKED");
}

TEST_F(PullStreamTest, DoesNotBelieveACertificateOfTheBrokersOwnMaking) {
  // The broker serves a directory with a certificate of another authority.
  evidence::TestBus forged;
  evidence::Signer signer = forged.Enroll(kIns);
  auto* identity = const_cast<bus::v1::Directory&>(bus_.directory()).mutable_identities(0);
  ASSERT_EQ(identity->identity(), evidence::TestBus::Identity(kIns));
  *identity->add_certificates() = forged.directory().identities(0).certificates(0);
  broker_.PublishDirectory();
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(Note(signer, kIns, kDoj, 0));
  Await([&] { return bad_.size() == 1; });
  EXPECT_EQ(bad_[IdOf(0)], "CERTIFICATE_UNTRUSTED");
}

TEST_F(PullStreamTest, GetsAMessageAgainAfterABreakUntilItIsAnswered) {
  silent_ = true;
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(0));
  Await([&] { return seen_.size() == 1; });
  {
    std::lock_guard<std::mutex> lock(mutex_);
    silent_ = false;
  }
  broker_.BreakPulls();
  Await([&] { return acks_.size() == 1; });
  stream.Stop();
  EXPECT_THAT(seen_, ElementsAre(IdOf(0), IdOf(0)));
  EXPECT_EQ(broker_.receipts()[0].attempt(), 2u);
}

TEST_F(PullStreamTest, TellsConnectionsAndSurvivesARestartOfTheBroker) {
  int connected = 0;
  int disconnected = 0;
  PullStream::Handlers handlers = Handlers();
  handlers.on_connected = [&] {
    std::lock_guard<std::mutex> lock(mutex_);
    ++connected;
    changed_.notify_all();
  };
  handlers.on_disconnected = [&](const absl::Status& why) {
    std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_FALSE(why.ok());
    ++disconnected;
    changed_.notify_all();
  };
  PullStream stream(client_, Quick(), handlers);
  broker_.Enqueue(FromIns(0));
  Await([&] { return acks_.size() == 1; });
  broker_.Stop();
  Await([&] { return disconnected >= 1; });
  broker_.Start();
  broker_.Enqueue(FromIns(1));
  Await([&] { return acks_.size() == 2; });
  stream.Stop();
  EXPECT_GE(connected, 2);
}

TEST_F(PullStreamTest, AnswersLaterAndInPartsWithinTheLimits) {
  silent_ = true;
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(0));
  Await([&] { return seen_.size() == 1; });
  FrameAnswer answer;
  bus::v1::Nack nack;
  nack.set_message_id(IdOf(0));
  nack.set_attempt(1);
  nack.set_reason("STORE_BUSY");
  for (int i = 0; i < 2000; ++i) answer.nacks.push_back(nack);
  stream.Answer(std::move(answer));
  bus::v1::AckDeadlineChange change;
  change.set_message_id(IdOf(0));
  stream.ExtendDeadlines({change});
  broker_.Await([&] { return broker_.deadlines().size() == 1; });
  EXPECT_EQ(broker_.nacks().size(), 2000u);
}

TEST_F(PullStreamTest, TellsARefusedReceipt) {
  silent_ = true;
  PullStream stream(client_, Quick(), Handlers());
  broker_.Enqueue(FromIns(0));
  Await([&] { return seen_.size() == 1; });
  VerifiedDelivery never_sent;
  never_sent.header.set_id(IdOf(77));
  never_sent.attempt = 1;
  FrameAnswer answer;
  answer.receipts.push_back(
      *doj_->SignReceipts({ReceiptFor(never_sent)}, evidence::TestBus::Now()));
  stream.Answer(std::move(answer));
  Await([&] { return acks_.size() == 1; });
  EXPECT_EQ(ReasonOf(acks_[IdOf(77)]), "UNKNOWN_MESSAGE");
}

TEST_F(PullStreamTest, StopLetsTheFrameUnderWayEndAndMayBeRepeated) {
  std::condition_variable go;
  bool entered = false;
  bool released = false;
  bool left = false;
  PullStream::Handlers handlers = Handlers();
  handlers.on_frame = [&](std::vector<VerifiedDelivery>) {
    std::unique_lock<std::mutex> lock(mutex_);
    entered = true;
    changed_.notify_all();
    go.wait(lock, [&] { return released; });
    left = true;
    return FrameAnswer();
  };
  PullStream stream(client_, Quick(), handlers);
  broker_.Enqueue(FromIns(0));
  Await([&] { return entered; });
  std::thread stopper([&] { stream.Stop(); });
  {
    std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_FALSE(left);
    released = true;
    go.notify_all();
  }
  stopper.join();
  EXPECT_TRUE(left);
  stream.Stop();
}

}  // namespace
}  // namespace waystation::client
