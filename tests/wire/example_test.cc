#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/crypto/cms.h"
#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/directory.h"
#include "common/evidence/leaf.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/evidence/signer.h"
#include "common/evidence/verifier.h"
#include "common/limits/limits.h"
#include "common/merkle/tree.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/wire/fences.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/referral/v1/case_content.pb.h"

namespace waystation::wire {
namespace {

using bus::v1::Signature;
using crypto::AsBytes;

constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";
constexpr char kIns[] = "spiffe://waystation.example/agency/ins";
constexpr char kBroker[] = "spiffe://waystation.example/broker/1";
constexpr char kExampleFolder[] = "tests/wire/example";

template <typename T>
T Must(absl::StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) std::abort();
  return *std::move(result);
}

class ExampleTest : public testing::Test {
 protected:
  ExampleTest()
      : readme_(Must(ReadDataFile("protos/README.md"))), fences_(Must(ReadFences(readme_))) {
    bus::v1::Directory directory;
    Enroll(kDoj, "doj-sign", bus::v1::CERTIFICATE_USE_SIGN, directory);
    Enroll(kIns, "ins-sign", bus::v1::CERTIFICATE_USE_SIGN, directory);
    Enroll(kIns, "ins-encrypt", bus::v1::CERTIFICATE_USE_ENCRYPT, directory);
    Enroll(kBroker, "broker-sign", bus::v1::CERTIFICATE_USE_SIGN, directory);
    view_ = Must(evidence::DirectoryView::Create(std::move(directory)));
    verifier_ = std::make_unique<evidence::Verifier>(*view_);
  }

  const std::string& Text(const std::string& name) { return fences_.at(name).text; }
  std::string Hex(const std::string& name) { return Must(HexBytes(Text("hex " + name))); }
  crypto::Certificate Certificate(const std::string& name) {
    return Must(crypto::Certificate::FromPem(Text("pem " + name + "-certificate")));
  }
  template <typename Message>
  Message Parse(const std::string& name) {
    Message message;
    EXPECT_TRUE(message.ParseFromString(Hex(name))) << name;
    return message;
  }
  // The text block of the README, as bytes.
  template <typename Message>
  std::string Encode(const std::string& name) {
    Message message;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(Text("text " + name), &message));
    return message.SerializeAsString();
  }
  absl::Status Verify(std::string_view content, const Signature& signature) {
    return verifier_->Verify(evidence::kHeaderContent, content, signature, kDoj);
  }

  std::string readme_;
  std::map<std::string, Fence> fences_;
  std::shared_ptr<const evidence::DirectoryView> view_;
  std::unique_ptr<evidence::Verifier> verifier_;

 private:
  void Enroll(const std::string& identity, const std::string& name, bus::v1::CertificateUse use,
              bus::v1::Directory& directory) {
    bus::v1::Identity* found = nullptr;
    for (bus::v1::Identity& known : *directory.mutable_identities()) {
      if (known.identity() == identity) found = &known;
    }
    if (found == nullptr) found = directory.add_identities();
    found->set_identity(identity);
    found->add_certificates()->set_der(Certificate(name).der());
    found->mutable_certificates()->rbegin()->set_use(use);
  }
};

TEST_F(ExampleTest, FilesHoldTheBytesOfTheReadme) {
  size_t in_readme = 0;
  for (const auto& [name, fence] : fences_) {
    if (fence.kind != "hex") continue;
    ++in_readme;
    std::string file = absl::StrCat(kExampleFolder, "/", name.substr(4), ".bin");
    EXPECT_EQ(Must(ReadDataFile(file)), Must(HexBytes(fence.text))) << name;
  }
  size_t in_folder = 0;
  for (const auto& file : std::filesystem::directory_iterator(kExampleFolder)) {
    EXPECT_TRUE(fences_.count("hex " + file.path().stem().string())) << file.path();
    ++in_folder;
  }
  EXPECT_EQ(in_folder, in_readme);
  EXPECT_GT(in_readme, 30u);
}

TEST_F(ExampleTest, TextBlocksSerializeToTheirBytes) {
  for (const char* name : {"header-1", "header-2", "header-3"}) {
    EXPECT_EQ(Encode<bus::v1::Header>(name), Hex(name)) << name;
  }
  for (const char* name : {"statement", "custody-statement", "receipt-statement"}) {
    EXPECT_EQ(Encode<bus::v1::BatchStatement>(name), Hex(name)) << name;
  }
  EXPECT_EQ(Encode<bus::v1::CustodyReceipt>("custody-receipt"), Hex("custody-receipt"));
  EXPECT_EQ(Encode<bus::v1::DeliveryReceipt>("delivery-receipt-1"), Hex("delivery-receipt-1"));
  EXPECT_EQ(Encode<referral::v1::CaseContent>("content-2"), Hex("content-2"));
}

TEST_F(ExampleTest, KeysBelongToTheirCertificates) {
  for (auto [identity, name] : {std::pair(kDoj, "doj-sign"), std::pair(kIns, "ins-sign"),
                                std::pair(kBroker, "broker-sign")}) {
    auto key = Must(crypto::SigningKey::FromPem(Text(absl::StrCat("pem ", name, "-key"))));
    auto signer = Must(evidence::Signer::Create(identity, std::move(key), Certificate(name)));
    Signature fresh = Must(signer.SignOne(evidence::kHeaderContent, Hex("header-1")));
    EXPECT_TRUE(verifier_->Verify(evidence::kHeaderContent, Hex("header-1"), fresh, identity).ok());
  }
  EXPECT_EQ(Hex("doj-sign-certificate-sha256"), AsBytes(Certificate("doj-sign").sha256()));
}

TEST_F(ExampleTest, HeadersKeepEveryRule) {
  using evidence::MessageForm;
  for (auto [name, form] :
       {std::pair("header-1", MessageForm::kOpen), std::pair("header-2", MessageForm::kCase),
        std::pair("header-3", MessageForm::kOpen)}) {
    bus::v1::Header header = Must(evidence::ParseHeader(Hex(name)));
    EXPECT_TRUE(evidence::CheckHeader(header, form).ok()) << name;
  }
  EXPECT_TRUE(
      evidence::CheckPayload(Must(evidence::ParseHeader(Hex("header-1"))), "hello, bus").ok());
  EXPECT_TRUE(
      evidence::CheckPayload(Must(evidence::ParseHeader(Hex("header-2"))), Hex("payload-2")).ok());
  EXPECT_TRUE(
      evidence::CheckPayload(Must(evidence::ParseHeader(Hex("header-3"))), "second note").ok());
}

TEST_F(ExampleTest, EncodingAndHashesAreOurs) {
  EXPECT_EQ(crypto::PreAuthEncoding(evidence::kHeaderContent, Hex("header-1")),
            Hex("header-1-pae"));
  EXPECT_EQ(crypto::PreAuthEncoding(evidence::kBatchContent, Hex("statement")),
            Hex("statement-pae"));
  for (int i = 1; i <= 3; ++i) {
    std::string header = Hex(absl::StrCat("header-", i));
    EXPECT_EQ(AsBytes(evidence::EnvelopeHash(header)), Hex(absl::StrCat("envelope-hash-", i)));
    EXPECT_EQ(AsBytes(evidence::LeafHash(evidence::kHeaderContent, header)),
              Hex(absl::StrCat("leaf-", i)));
  }
}

TEST_F(ExampleTest, SignatureOfOneVerifies) {
  auto signature = Parse<Signature>("signature-1");
  EXPECT_EQ(signature.signature(), Hex("header-1-signature-der"));
  EXPECT_EQ(signature.certificate_sha256(), Hex("doj-sign-certificate-sha256"));
  EXPECT_TRUE(Verify(Hex("header-1"), signature).ok());
  EXPECT_FALSE(Verify(Hex("header-2"), signature).ok());
}

TEST_F(ExampleTest, EveryAlteredByteOfTheHeaderIsRefused) {
  auto signature = Parse<Signature>("signature-1");
  auto batched = Parse<Signature>("batch-signature-1");
  const std::string header = Hex("header-1");
  for (size_t i = 0; i < header.size(); ++i) {
    std::string altered = header;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(Verify(altered, signature).ok()) << i;
    EXPECT_FALSE(Verify(altered, batched).ok()) << i;
  }
}

TEST_F(ExampleTest, BatchOfThreeVerifies) {
  std::vector<crypto::Digest> leaves;
  for (int i = 1; i <= 3; ++i) {
    leaves.push_back(*crypto::DigestFrom(Hex(absl::StrCat("leaf-", i))));
  }
  merkle::Tree tree(leaves);
  EXPECT_EQ(AsBytes(tree.root()), Hex("root"));
  EXPECT_EQ(AsBytes(merkle::NodeHash(leaves[0], leaves[1])), Hex("node-12"));
  for (int i = 1; i <= 3; ++i) {
    auto signature = Parse<Signature>(absl::StrCat("batch-signature-", i));
    EXPECT_TRUE(Verify(Hex(absl::StrCat("header-", i)), signature).ok()) << i;
    EXPECT_FALSE(Verify(Hex(absl::StrCat("header-", i % 3 + 1)), signature).ok()) << i;
    EXPECT_EQ(signature.batch().statement(), Hex("statement"));
    EXPECT_EQ(signature.signature(), Hex("statement-signature-der"));
    std::string path;
    tree.AppendPath(static_cast<size_t>(i - 1), &path);
    EXPECT_EQ(path, Hex(absl::StrCat("path-", i)));
    EXPECT_EQ(signature.batch().path(), path);
  }
}

TEST_F(ExampleTest, LinkOpens) {
  bus::v1::SignedMessage message;
  message.mutable_parent()->set_referral_id(Hex("link-parent"));
  message.mutable_parent()->set_salt(Hex("link-salt"));
  bus::v1::Header header = Must(evidence::ParseHeader(Hex("header-2")));
  EXPECT_EQ(header.referral().parent_commitment(), Hex("link-commitment"));
  EXPECT_TRUE(evidence::CheckLinks(header, message).ok());
  message.mutable_parent()->mutable_salt()->back() ^= 1;
  EXPECT_FALSE(evidence::CheckLinks(header, message).ok());
}

TEST_F(ExampleTest, CasePayloadOpens) {
  auto key = Must(crypto::DecryptionKey::FromPem(Text("pem ins-encrypt-key"),
                                                 Text("pem ins-encrypt-certificate")));
  EXPECT_EQ(Must(crypto::Decrypt(Hex("payload-2"), key)), Hex("content-2"));
  std::string altered = Hex("payload-2");
  altered.back() = static_cast<char>(altered.back() ^ 1);
  EXPECT_FALSE(crypto::Decrypt(altered, key).ok());
}

TEST_F(ExampleTest, CustodyReceiptVerifies) {
  bus::v1::SignedReceipt receipt;
  receipt.set_receipt(Hex("custody-receipt"));
  *receipt.mutable_signature() = Parse<Signature>("custody-signature");
  EXPECT_EQ(receipt.signature().batch().statement(), Hex("custody-statement"));
  EXPECT_TRUE(receipt.signature().batch().path().empty());
  bus::v1::Header header = Must(evidence::ParseHeader(Hex("header-2")));
  auto custody = evidence::VerifyCustodyReceipt(*verifier_, receipt, kBroker, header.id(),
                                                *crypto::DigestFrom(Hex("envelope-hash-2")));
  ASSERT_TRUE(custody.ok()) << custody.status();
  EXPECT_EQ(custody->sequence(), 42u);
  EXPECT_FALSE(evidence::VerifyCustodyReceipt(*verifier_, receipt, kDoj, header.id(),
                                              *crypto::DigestFrom(Hex("envelope-hash-2")))
                   .ok());
}

TEST_F(ExampleTest, ReceiptBatchVerifies) {
  auto batch = Parse<bus::v1::ReceiptBatch>("receipt-batch");
  ASSERT_EQ(batch.receipts_size(), 3);
  EXPECT_EQ(batch.statement(), Hex("receipt-statement"));
  EXPECT_EQ(batch.signature(), Hex("receipt-statement-signature-der"));
  EXPECT_TRUE(verifier_->VerifyReceiptBatch(batch, kIns).ok());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(batch.receipts(i - 1), Hex(absl::StrCat("delivery-receipt-", i)));
    auto receipt = Must(evidence::ParseDeliveryReceipt(batch.receipts(i - 1)));
    EXPECT_EQ(receipt.recipient(), kIns);
    EXPECT_EQ(receipt.envelope_hash(), Hex(absl::StrCat("envelope-hash-", i)));
  }
  batch.mutable_receipts()->SwapElements(0, 1);
  EXPECT_FALSE(verifier_->VerifyReceiptBatch(batch, kIns).ok());
}

std::string Grouped(size_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, ",");
  return digits;
}

TEST_F(ExampleTest, LimitsInTheReadmeAreTheCodes) {
  const std::string rows[] = {
      absl::StrCat("| header | ", Grouped(kHeaderBytesMax), " bytes |"),
      absl::StrCat("| payload | ", Grouped(kPayloadBytesMax), " bytes"),
      absl::StrCat("| recipients | 1 to ", kRecipientsMax, " |"),
      absl::StrCat("| ", kIdentityBytesMax, "; ", kTypeBytesMax, "; ", kMediaTypeBytesMax),
      absl::StrCat("| ", kSubjectBytesMax, "; ", kOrderingKeyBytesMax, "; ", kTraceparentBytesMax),
      absl::StrCat("| ", kReferralIdBytes, "; ", kSaltBytes, "; ", kDigestBytes, "; 16 bytes |"),
      absl::StrCat("| ECDSA signature | ", kSignatureBytesMax, " bytes |"),
      absl::StrCat("| batch | 1 to ", Grouped(kBatchLeavesMax), " leaves; statement ",
                   kBatchStatementBytesMax, " bytes; path ", kBatchPathBytesMax, " bytes |"),
      absl::StrCat("| receipt, serialized | ", Grouped(evidence::kReceiptBytesMax), " bytes |"),
      absl::StrCat("| publish frame | 1 to ", Grouped(kFrameMessagesMax), " messages, ",
                   kFrameBytesMax >> 20, " MiB |"),
      absl::StrCat("| ", kGrpcMessageBytesMax >> 20, " MiB; above it gRPC itself"),
      absl::StrCat("| 1 to ", kReasonBytesMax, " of [A-Z0-9_]; 0 to ",
                   absl::ToInt64Hours(kRetryDelayMax), " h |"),
      absl::StrCat("| client_id | 1 to ", kClientIdBytesMax, " printable"),
      absl::StrCat("| flow control | 1 to ", Grouped(kOutstandingMessagesMax), " messages; up to ",
                   kOutstandingBytesMax >> 30, " GiB, ", kOutstandingBytesDefault >> 20, " MiB"),
      absl::StrCat("| ack deadline | ", absl::ToInt64Seconds(kAckDeadlineMin), " s to ",
                   absl::ToInt64Hours(kAckDeadlineMax) / 24, " d, ",
                   absl::ToInt64Seconds(kAckDeadlineDefault), " s unless asked |"),
      absl::StrCat("| messages in a queue | ", Grouped(kQueueMessagesMax), ", then OVERLOADED |"),
  };
  for (const std::string& row : rows) EXPECT_TRUE(absl::StrContains(readme_, row)) << row;
}

}  // namespace
}  // namespace waystation::wire
