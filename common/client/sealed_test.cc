#include "common/client/sealed.h"

#include <string>
#include <vector>

#include "common/client/compose.h"
#include "common/evidence/content_types.h"
#include "common/evidence/test_bus.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

using evidence::TestBus;

class SealedTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> Seal(const std::string& plaintext,
                                   const std::vector<std::string>& recipients) {
    return SealPayload(plaintext, TestBus::Identity("/agency/ins"), recipients, *bus_.View(),
                       bus_.Trust(), TestBus::Now());
  }

  TestBus bus_;
  crypto::DecryptionKey doj_ = bus_.EnrollKey("/agency/doj", bus::v1::CERTIFICATE_USE_ENCRYPT);
  crypto::DecryptionKey doj_recovery_ =
      bus_.EnrollKey("/agency/doj", bus::v1::CERTIFICATE_USE_RECOVERY);
  crypto::DecryptionKey ins_ = bus_.EnrollKey("/agency/ins", bus::v1::CERTIFICATE_USE_ENCRYPT);
  crypto::DecryptionKey ins_archive_ =
      bus_.EnrollKey("/agency/ins", bus::v1::CERTIFICATE_USE_ARCHIVE);
};

TEST_F(SealedTest, RecipientItsRecoveryKeyAndTheSendersArchiveOpenItAndNobodyElse) {
  auto sealed = Seal("case", {TestBus::Identity("/agency/doj")});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->find("case"), std::string::npos);
  for (const auto& key : {doj_, doj_recovery_, ins_archive_}) {
    const std::vector<crypto::DecryptionKey> keys = {key};
    EXPECT_EQ(*OpenPayload(*sealed, keys), "case");
  }
  const std::vector<crypto::DecryptionKey> others = {ins_};
  EXPECT_TRUE(absl::IsPermissionDenied(OpenPayload(*sealed, others).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(OpenPayload(*sealed, {}).status()));
}

TEST_F(SealedTest, OpensWithAnOlderKeyAmongSeveral) {
  auto sealed = Seal("case", {TestBus::Identity("/agency/doj")});
  ASSERT_TRUE(sealed.ok());
  const std::vector<crypto::DecryptionKey> keys = {ins_, doj_};
  EXPECT_EQ(*OpenPayload(*sealed, keys), "case");
}

TEST_F(SealedTest, RefusesAlteredBytes) {
  auto sealed = Seal("case", {TestBus::Identity("/agency/doj")});
  ASSERT_TRUE(sealed.ok());
  sealed->back() ^= 1;
  const std::vector<crypto::DecryptionKey> keys = {doj_};
  EXPECT_FALSE(OpenPayload(*sealed, keys).ok());
}

TEST_F(SealedTest, SaysWhoseCertificateIsMissing) {
  bus_.EnrollKey("/agency/dol", bus::v1::CERTIFICATE_USE_ENCRYPT);
  auto sealed = Seal("case", {TestBus::Identity("/agency/dol")});
  EXPECT_EQ(ReasonOf(sealed.status()), "CERTIFICATE_UNKNOWN");
  const std::string text(sealed.status().message());
  EXPECT_NE(text.find("/agency/dol"), std::string::npos) << text;
  EXPECT_NE(text.find("RECOVERY"), std::string::npos) << text;
  EXPECT_EQ(ReasonOf(Seal("case", {}).status()), "RECIPIENTS_INVALID");
}

TEST_F(SealedTest, RefusesWhatIsTooLargeOnceSealed) {
  const std::vector<std::string> doj = {TestBus::Identity("/agency/doj")};
  EXPECT_TRUE(Seal(std::string(1'000'000, 'x'), doj).ok());
  EXPECT_EQ(ReasonOf(Seal(std::string(1024 * 1024, 'x'), doj).status()), "PAYLOAD_LIMIT");
}

TEST_F(SealedTest, ComposesASignedCaseAndRefusesABrokenOne) {
  evidence::Signer signer = bus_.Enroll("/agency/ins");
  bus::v1::Header header = evidence::TestHeader("/agency/ins", "/agency/doj", 1, "");
  header.clear_source();
  header.set_type(std::string(evidence::kTestCaseType));
  header.set_datacontenttype(std::string(evidence::kEncryptedMediaType));
  header.mutable_referral()->set_referral_id(std::string(16, 'r'));
  header.mutable_referral()->set_transition(types::v1::TRANSITION_REQUEST);
  header.mutable_referral()->set_scope_version(1);
  auto message = ComposeMessage(header, "sealed", evidence::MessageForm::kCase, signer);
  ASSERT_TRUE(message.ok()) << message.status();
  auto view = bus_.View();
  EXPECT_EQ(evidence::Verifier(*view).Verify(evidence::kHeaderContent, message->header(),
                                             message->signature(), signer.identity()),
            absl::OkStatus());
  header.set_subject("a person");
  EXPECT_EQ(
      ReasonOf(ComposeMessage(header, "sealed", evidence::MessageForm::kCase, signer).status()),
      "SUBJECT_ON_CASE");
}

}  // namespace
}  // namespace waystation::client
