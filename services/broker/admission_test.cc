#include "services/broker/admission.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/evidence/content_types.h"
#include "common/evidence/test_bus.h"
#include "common/limits/limits.h"
#include "common/rpc/test_tls.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

using evidence::TestBus;

constexpr char kIns[] = "/agency/ins";
constexpr char kDoj[] = "/agency/doj";
constexpr char kHhs[] = "/agency/hhs";

// Notes of INS, to DOJ alone.
constexpr char kPolicy[] = R"pb(
  version: 1
  roles { name: "ins" paths: "/agency/ins" }
  roles { name: "doj" paths: "/agency/doj" }
  allow { name: "notes" roles: "ins" actions: ACTION_PUBLISH types: "*" recipient_roles: "doj" }
  delivery { attempts_max: 5 backoff_min_ms: 100 backoff_max_ms: 60000 }
)pb";

void AddUnknownField(google::protobuf::Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(1000, "unread");
}

void ExpectRefused(const absl::Status& status, absl::StatusCode code, const std::string& reason) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
}

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionSession Session(const std::string& path = kIns) {
    bus::v1::Policy text;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPolicy, &text));
    auto policy = PolicyView::Create(text, "waystation.example");
    EXPECT_TRUE(policy.ok()) << policy.status();
    return {{bus_.View(), std::make_shared<const PolicyView>(*std::move(policy))},
            tls_.Trust(clock_),
            clock_,
            TestBus::Identity(path)};
  }
  static bus::v1::Header Header(const std::string& to = kDoj, uint64_t number = 1) {
    return evidence::TestHeader(kIns, to, number, "hello");
  }
  bus::v1::SignedMessage Message(const bus::v1::Header& header = Header()) {
    return evidence::TestMessage(ins_, header, "hello");
  }
  // One message signed as a batch, so that it carries a BatchProof.
  bus::v1::SignedMessage BatchMessage() {
    bus::v1::SignedMessage message = Message();
    const std::vector<std::string_view> contents = {message.header()};
    auto signatures = ins_.SignBatch(evidence::kHeaderContent, contents, TestBus::Now());
    EXPECT_TRUE(signatures.ok()) << signatures.status();
    *message.mutable_signature() = signatures->front();
    return message;
  }
  static absl::Status Admit(AdmissionSession& session, bus::v1::SignedMessage message) {
    return session.Admit(&message).status();
  }
  absl::Status Admit(const bus::v1::SignedMessage& message) {
    AdmissionSession session = Session();
    return Admit(session, message);
  }
  bus::v1::ReceiptBatch Receipts(const std::string& recipient, size_t count) {
    std::vector<std::string> receipts;
    for (size_t i = 0; i < count; ++i) {
      bus::v1::DeliveryReceipt receipt;
      receipt.set_message_id(Header().id());
      receipt.set_envelope_hash(std::string(kDigestBytes, 'h'));
      receipt.set_recipient(TestBus::Identity(recipient));
      receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
      receipt.set_attempt(1);
      receipt.mutable_time()->set_seconds(absl::ToUnixSeconds(TestBus::Now()));
      receipts.push_back(receipt.SerializeAsString());
    }
    auto batch = ins_.SignReceipts(std::move(receipts), TestBus::Now());
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }

  TestBus bus_;
  FakeClock clock_{TestBus::Now()};
  rpc::TestTls tls_{bus_.authority(), TestBus::Now()};
  evidence::Signer ins_ = bus_.Enroll(kIns);
  evidence::Signer doj_ = bus_.Enroll(kDoj);
  evidence::Signer hhs_ = bus_.Enroll(kHhs);
};

TEST_F(AdmissionTest, AdmitsAMessageThatKeepsEveryRule) {
  const bus::v1::SignedMessage message = Message();
  bus::v1::SignedMessage taken = message;
  auto result = Session().Admit(&taken);
  ASSERT_TRUE(result.ok()) << result.status();
  const AdmittedMessage& admitted = **result;
  EXPECT_EQ(admitted.header.id(), Header().id());
  EXPECT_EQ(admitted.header_bytes, message.header());
  EXPECT_EQ(admitted.signature_bytes, message.signature().SerializeAsString());
  EXPECT_EQ(crypto::AsBytes(admitted.certificate_sha256), message.signature().certificate_sha256());
  EXPECT_EQ(admitted.payload, message.payload());
  EXPECT_EQ(admitted.crl_number, 1u);
  EXPECT_FALSE(admitted.parent.has_value());
  EXPECT_TRUE(Admit(BatchMessage()).ok());
}

TEST_F(AdmissionTest, RefusesFieldsThatAreNotInTheContract) {
  bus::v1::SignedMessage beside = Message();
  AddUnknownField(&beside);
  bus::v1::SignedMessage in_signature = Message();
  AddUnknownField(in_signature.mutable_signature());
  bus::v1::SignedMessage in_proof = BatchMessage();
  AddUnknownField(in_proof.mutable_signature()->mutable_batch());
  bus::v1::Header header = Header();
  AddUnknownField(&header);
  for (const bus::v1::SignedMessage& message : {beside, in_signature, in_proof, Message(header)}) {
    bus::v1::SignedMessage arrived;
    ASSERT_TRUE(arrived.ParseFromString(message.SerializeAsString()));
    ExpectRefused(Admit(arrived), absl::StatusCode::kInvalidArgument, "HEADER_MALFORMED");
  }
}

TEST_F(AdmissionTest, RefusesASourceThatIsNotTheCaller) {
  AdmissionSession other = Session(kDoj);
  ExpectRefused(Admit(other, Message()), absl::StatusCode::kPermissionDenied, "SOURCE_MISMATCH");
}

TEST_F(AdmissionTest, RefusesWhatTheDirectoryDoesNotHave) {
  bus::v1::Header header = Header();
  header.set_type("waystation.rumour.v1");
  ExpectRefused(Admit(Message(header)), absl::StatusCode::kInvalidArgument, "UNKNOWN_TYPE");
  ExpectRefused(Admit(Message(Header("/agency/usaid"))), absl::StatusCode::kNotFound,
                "UNKNOWN_RECIPIENT");
}

TEST_F(AdmissionTest, AsksThePolicyForEveryRecipientAlsoTheSecondTime) {
  bus::v1::Header header = Header();
  header.add_recipients(TestBus::Identity(kHhs));
  AdmissionSession session = Session();
  EXPECT_TRUE(Admit(session, Message()).ok());
  for (int i = 0; i < 2; ++i) {
    for (const bus::v1::Header& denied : {Header(kHhs), header}) {
      ExpectRefused(Admit(session, Message(denied)), absl::StatusCode::kPermissionDenied,
                    "POLICY_DENIED");
    }
  }
  EXPECT_TRUE(Admit(session, Message(Header(kDoj, 2))).ok());
}

TEST_F(AdmissionTest, RefusesASignatureOfAnotherAndAnotherPayload) {
  ExpectRefused(Admit(evidence::TestMessage(doj_, Header(), "hello")),
                absl::StatusCode::kUnauthenticated, "CERTIFICATE_UNKNOWN");
  bus::v1::SignedMessage message = Message();
  message.set_payload("hellO");
  ExpectRefused(Admit(message), absl::StatusCode::kInvalidArgument, "PAYLOAD_MISMATCH");
  message.clear_signature();
  ExpectRefused(Admit(message), absl::StatusCode::kInvalidArgument, "SIGNATURE_MISSING");
}

TEST_F(AdmissionTest, RefusesARevokedSigningCertificate) {
  AdmissionSession open = Session();
  EXPECT_TRUE(Admit(open, Message()).ok());
  tls_.Revoke({ins_.certificate().serial()});
  ExpectRefused(Admit(Message()), absl::StatusCode::kUnauthenticated, "CERTIFICATE_REVOKED");
  // A stream that is open believes what it found good for a second and no longer.
  clock_.Advance(absl::Milliseconds(999));
  EXPECT_TRUE(Admit(open, Message(Header(kDoj, 2))).ok());
  clock_.Advance(absl::Milliseconds(1));
  ExpectRefused(Admit(open, Message(Header(kDoj, 3))), absl::StatusCode::kUnauthenticated,
                "CERTIFICATE_REVOKED");
  ExpectRefused(open.AdmitReceipts(Receipts(kIns, 1)).status(), absl::StatusCode::kUnauthenticated,
                "CERTIFICATE_REVOKED");
}

TEST_F(AdmissionTest, RefusesAnExpiredSigningCertificate) {
  clock_.Advance(absl::Hours(25));
  ExpectRefused(Admit(Message()), absl::StatusCode::kUnauthenticated, "CERTIFICATE_EXPIRED");
}

TEST_F(AdmissionTest, AdmitsReceiptsOfTheCallersOwnQueueOnly) {
  auto views = Session().AdmitReceipts(Receipts(kIns, 3));
  ASSERT_TRUE(views.ok()) << views.status();
  EXPECT_EQ(views->size(), 3u);
  EXPECT_EQ(views->front().attempt, 1u);
  ExpectRefused(Session().AdmitReceipts(Receipts(kDoj, 1)).status(),
                absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH");
}

TEST_F(AdmissionTest, RefusesReceiptBatchesOutsideTheirBounds) {
  ExpectRefused(Session().AdmitReceipts({}).status(), absl::StatusCode::kInvalidArgument,
                "FRAME_LIMIT");
  bus::v1::ReceiptBatch many = Receipts(kIns, 1);
  while (many.receipts_size() <= static_cast<int>(kBatchLeavesMax)) many.add_receipts("r");
  ExpectRefused(Session().AdmitReceipts(many).status(), absl::StatusCode::kInvalidArgument,
                "FRAME_LIMIT");
  bus::v1::ReceiptBatch large = Receipts(kIns, 1);
  large.add_receipts(std::string(kReceiptBatchBytesMax, 'r'));
  ExpectRefused(Session().AdmitReceipts(large).status(), absl::StatusCode::kInvalidArgument,
                "FRAME_LIMIT");
}

}  // namespace
}  // namespace waystation::broker
