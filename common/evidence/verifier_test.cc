#include "common/evidence/verifier.h"

#include <string>
#include <vector>

#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/directory.h"
#include "common/evidence/leaf.h"
#include "common/evidence/message.h"
#include "common/evidence/signer.h"
#include "common/evidence/test_bus.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

constexpr std::string_view kIns = "/agency/ins";
constexpr std::string_view kDoj = "/agency/doj";

// What a reader of a message does, from the bytes on the wire.
absl::Status Accept(const Verifier& verifier, std::string_view wire, BatchCache* cache = nullptr) {
  bus::v1::SignedMessage message;
  if (!message.ParseFromArray(wire.data(), static_cast<int>(wire.size()))) {
    return absl::InvalidArgumentError("not a message");
  }
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, ParseHeader(message.header()));
  WS_RETURN_IF_ERROR(CheckHeader(header, MessageForm::kOpen));
  WS_RETURN_IF_ERROR(CheckPayload(header, message.payload()));
  return verifier.Verify(kHeaderContent, message.header(), message.signature(), header.source(),
                         cache);
}

class VerifierTest : public testing::Test {
 protected:
  std::vector<bus::v1::SignedMessage> Batch(size_t count) {
    std::vector<bus::v1::SignedMessage> messages(count);
    std::vector<std::string_view> headers;
    for (size_t i = 0; i < count; ++i) {
      messages[i].set_payload("p" + std::to_string(i));
      messages[i].set_header(TestHeader(kIns, kDoj, i, messages[i].payload()).SerializeAsString());
      headers.push_back(messages[i].header());
    }
    auto signatures = ins_.SignBatch(kHeaderContent, headers, TestBus::Now());
    EXPECT_TRUE(signatures.ok()) << signatures.status();
    for (size_t i = 0; i < count; ++i) *messages[i].mutable_signature() = (*signatures)[i];
    return messages;
  }

  std::string Reason(const bus::v1::SignedMessage& message) {
    return ReasonOf(verifier_.Verify(kHeaderContent, message.header(), message.signature(),
                                     TestBus::Identity(kIns)));
  }

  TestBus bus_;
  Signer ins_ = bus_.Enroll(kIns);
  Signer doj_ = bus_.Enroll(kDoj);
  std::shared_ptr<const DirectoryView> directory_ = bus_.View();
  Verifier verifier_{*directory_};
};

TEST_F(VerifierTest, LeafHashIsTheMerkleHashOfThePreAuthenticationEncoding) {
  for (std::string_view content : {"", "x", "a header with 27 characters"}) {
    EXPECT_EQ(LeafHash(kHeaderContent, content),
              merkle::LeafHash(crypto::PreAuthEncoding(kHeaderContent, content)));
  }
}

TEST_F(VerifierTest, AcceptsAMessageSignedAlone) {
  auto message = TestMessage(ins_, TestHeader(kIns, kDoj, 1, "note"), "note");
  EXPECT_EQ(Accept(verifier_, message.SerializeAsString()), absl::OkStatus());
}

TEST_F(VerifierTest, RefusesEveryFlippedBitOfAMessageSignedAlone) {
  const std::string wire =
      TestMessage(ins_, TestHeader(kIns, kDoj, 1, "note"), "note").SerializeAsString();
  ASSERT_EQ(Accept(verifier_, wire), absl::OkStatus());
  for (size_t bit = 0; bit < wire.size() * 8; ++bit) {
    std::string bad = wire;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Accept(verifier_, bad).ok()) << "bit " << bit;
  }
}

TEST_F(VerifierTest, RefusesEveryFlippedBitOfAMessageInABatchEvenWithAWarmCache) {
  const std::string wire = Batch(5)[3].SerializeAsString();
  BatchCache cache;
  ASSERT_EQ(Accept(verifier_, wire, &cache), absl::OkStatus());
  for (size_t bit = 0; bit < wire.size() * 8; ++bit) {
    std::string bad = wire;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Accept(verifier_, bad, &cache).ok()) << "bit " << bit;
  }
}

TEST_F(VerifierTest, VerifiesABatchOfAnySizeWithOneEcdsaVerification) {
  for (size_t size : {1, 2, 3, 64, 1000, 1024}) {
    BatchCache cache;
    for (const auto& message : Batch(size)) {
      ASSERT_EQ(Accept(verifier_, message.SerializeAsString(), &cache), absl::OkStatus()) << size;
    }
    EXPECT_EQ(cache.hits(), size - 1);
  }
}

TEST_F(VerifierTest, KeepsVerifyingWhenMoreBatchesMixThanTheCacheHolds) {
  std::vector<std::vector<bus::v1::SignedMessage>> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(Batch(2));
  BatchCache cache;
  for (size_t member : {0, 1}) {
    for (const auto& batch : batches) {
      EXPECT_EQ(Accept(verifier_, batch[member].SerializeAsString(), &cache), absl::OkStatus());
    }
  }
  EXPECT_EQ(cache.hits(), 0u);
}

TEST_F(VerifierTest, CacheDoesNotVouchForAnotherSignatureOverTheSameStatement) {
  auto messages = Batch(2);
  BatchCache cache;
  ASSERT_EQ(Accept(verifier_, messages[0].SerializeAsString(), &cache), absl::OkStatus());
  messages[1].mutable_signature()->set_signature("garbage");
  absl::Status status = Accept(verifier_, messages[1].SerializeAsString(), &cache);
  EXPECT_EQ(ReasonOf(status), "SIGNATURE_INVALID");
}

TEST_F(VerifierTest, RefusesAbsentPartsAsMissing) {
  auto message = TestMessage(ins_, TestHeader(kIns, kDoj, 1, ""), "");
  auto bad = message;
  bad.clear_signature();
  EXPECT_EQ(Reason(bad), "SIGNATURE_MISSING");
  bad = message;
  bad.mutable_signature()->clear_signature();
  EXPECT_EQ(Reason(bad), "SIGNATURE_MISSING");
  bad = message;
  bad.mutable_signature()->clear_certificate_sha256();
  EXPECT_EQ(Reason(bad), "SIGNATURE_MISSING");
}

TEST_F(VerifierTest, RefusesPartsAboveTheirLimits) {
  auto message = Batch(2)[0];
  auto bad = message;
  bad.mutable_signature()->set_signature(std::string(73, 'x'));
  EXPECT_EQ(Reason(bad), "SIGNATURE_INVALID");
  bad = message;
  bad.mutable_signature()->mutable_certificate_sha256()->append("x");
  EXPECT_EQ(Reason(bad), "SIGNATURE_INVALID");
  bad = message;
  bad.mutable_signature()->mutable_batch()->set_statement(std::string(513, 'x'));
  EXPECT_EQ(Reason(bad), "SIGNATURE_INVALID");
  bad = message;
  bad.mutable_signature()->mutable_batch()->set_path(std::string(352, 'x'));
  EXPECT_EQ(Reason(bad), "BATCH_PATH_INVALID");
  bad = message;
  bad.mutable_signature()->mutable_batch()->set_leaf_index(0xffffffff);
  EXPECT_EQ(Reason(bad), "BATCH_PATH_INVALID");
}

TEST_F(VerifierTest, RefusesTheRightPathAtAnotherIndex) {
  auto messages = Batch(4);
  messages[0].mutable_signature()->mutable_batch()->set_leaf_index(1);
  EXPECT_EQ(Reason(messages[0]), "BATCH_PATH_INVALID");
}

TEST_F(VerifierTest, RefusesACertificateThatIsNotEnrolled) {
  Signer stranger = bus_.Stranger(kIns);
  auto message = TestMessage(stranger, TestHeader(kIns, kDoj, 1, ""), "");
  EXPECT_EQ(Reason(message), "CERTIFICATE_UNKNOWN");
}

TEST_F(VerifierTest, RefusesTheCertificateOfAnotherIdentity) {
  auto message = TestMessage(doj_, TestHeader(kIns, kDoj, 1, ""), "");
  EXPECT_EQ(Reason(message), "CERTIFICATE_UNKNOWN");
}

TEST_F(VerifierTest, RefusesAStatementThatNamesAnotherSigner) {
  auto message = Batch(1)[0];
  bus::v1::BatchStatement statement;
  ASSERT_TRUE(statement.ParseFromString(message.signature().batch().statement()));
  statement.set_signer(TestBus::Identity(kDoj));
  auto* signature = message.mutable_signature();
  signature->mutable_batch()->set_statement(statement.SerializeAsString());
  signature->set_signature(
      ins_.SignOne(kBatchContent, signature->batch().statement())->signature());
  EXPECT_EQ(Reason(message), "SIGNATURE_INVALID");
}

TEST_F(VerifierTest, RefusesASignatureMadeForAnotherContentType) {
  auto message = TestMessage(ins_, TestHeader(kIns, kDoj, 1, ""), "");
  *message.mutable_signature() = *ins_.SignOne(kDeliveryReceiptContent, message.header());
  EXPECT_EQ(Reason(message), "SIGNATURE_INVALID");
}

TEST_F(VerifierTest, AcceptsReceiptBatches) {
  for (size_t size : {1, 3, 1024}) {
    std::vector<std::string> receipts;
    for (size_t i = 0; i < size; ++i) receipts.push_back("receipt " + std::to_string(i));
    auto batch = doj_.SignReceipts(receipts, TestBus::Now());
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_EQ(verifier_.VerifyReceiptBatch(*batch, TestBus::Identity(kDoj)), absl::OkStatus());
    EXPECT_FALSE(verifier_.VerifyReceiptBatch(*batch, TestBus::Identity(kIns)).ok());
  }
}

TEST_F(VerifierTest, RefusesEveryFlippedBitOfAReceiptBatch) {
  auto batch = doj_.SignReceipts({"one", "two", "three"}, TestBus::Now());
  ASSERT_TRUE(batch.ok());
  const std::string wire = batch->SerializeAsString();
  for (size_t bit = 0; bit < wire.size() * 8; ++bit) {
    std::string bad = wire;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    bus::v1::ReceiptBatch parsed;
    if (!parsed.ParseFromString(bad)) continue;
    EXPECT_FALSE(verifier_.VerifyReceiptBatch(parsed, TestBus::Identity(kDoj)).ok())
        << "bit " << bit;
  }
}

TEST_F(VerifierTest, RefusesReceiptsLeftOutAddedOrReordered) {
  auto batch = doj_.SignReceipts({"one", "two", "three"}, TestBus::Now());
  ASSERT_TRUE(batch.ok());
  const std::string doj = TestBus::Identity(kDoj);
  auto bad = *batch;
  bad.mutable_receipts()->RemoveLast();
  EXPECT_EQ(ReasonOf(verifier_.VerifyReceiptBatch(bad, doj)), "BATCH_PATH_INVALID");
  bad = *batch;
  bad.add_receipts("three");
  EXPECT_EQ(ReasonOf(verifier_.VerifyReceiptBatch(bad, doj)), "BATCH_PATH_INVALID");
  bad = *batch;
  bad.mutable_receipts()->SwapElements(0, 1);
  EXPECT_EQ(ReasonOf(verifier_.VerifyReceiptBatch(bad, doj)), "BATCH_PATH_INVALID");
}

TEST_F(VerifierTest, SignerRefusesAnEmptyAndAnOversizedBatch) {
  EXPECT_FALSE(ins_.SignReceipts({}, TestBus::Now()).ok());
  EXPECT_FALSE(ins_.SignReceipts(std::vector<std::string>(1025, "x"), TestBus::Now()).ok());
}

TEST_F(VerifierTest, SignerRefusesACertificateOfAnotherIdentityKeyOrUse) {
  auto sign = bus_.Issue(kIns, crypto::KeyUse::kSign);
  auto other = bus_.Issue(kIns, crypto::KeyUse::kSign);
  auto tls = bus_.Issue(kIns, crypto::KeyUse::kTls);
  auto make = [](const crypto::IssuedCertificate& key, const crypto::IssuedCertificate& cert,
                 std::string_view path) {
    return Signer::Create(TestBus::Identity(path), *crypto::SigningKey::FromPem(key.key_pem),
                          cert.certificate)
        .ok();
  };
  EXPECT_TRUE(make(sign, sign, kIns));
  EXPECT_FALSE(make(sign, sign, kDoj));
  EXPECT_FALSE(make(sign, other, kIns));
  EXPECT_FALSE(make(tls, tls, kIns));
}

}  // namespace
}  // namespace waystation::evidence
