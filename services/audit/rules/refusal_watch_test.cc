#include "services/audit/rules/refusal_watch.h"

#include "services/audit/rules/fold_fixture.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kMessageId[] = "018f0000-0000-7000-8000-000000000001";
constexpr char kChangedText[] =
    "message \"018f0000-0000-7000-8000-000000000001\": accepted before with another content, "
    "got envelope hash 9b1fe0, want the same bytes";

class RefusalWatchTest : public FoldTest {};

TEST_F(RefusalWatchTest, MismatchedStepsAreFoundAtTheThirdAndNotBefore) {
  Refuse(kDoj, "publish", "STALE_VERSION");
  Refuse(kDoj, "publish", "ILLEGAL_TRANSITION");
  EXPECT_EQ(OpenCount(), 0u);
  Refuse(kDoj, "publish", "NOT_A_PARTY");
  ASSERT_EQ(Open(Rule::kMismatchedStep).size(), 1u);
  EXPECT_THAT(Parties(Open(Rule::kMismatchedStep)[0]), ElementsAre(kDoj));
  EXPECT_THAT(Proof(Open(Rule::kMismatchedStep)[0]), ElementsAre(2, 3, 4));
}

TEST_F(RefusalWatchTest, MismatchedStepsFarApartAreNoFinding) {
  for (int i = 0; i < 10; ++i) {
    Refuse(kDoj, "publish", "STALE_VERSION");
    Pass(300 * kSecond);
  }
  EXPECT_TRUE(findings_.empty());
}

TEST_F(RefusalWatchTest, MismatchedStepsOfTwoPeersAreNotAdded) {
  Refuse(kDoj, "publish", "STALE_VERSION", 2);
  Refuse(kIns, "publish", "STALE_VERSION", 2);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(RefusalWatchTest, RefusedAttemptsAreFoundAtTheCountAndNotBefore) {
  const std::string address = "ipv4:127.0.0.1:1234";
  Refuse(address, "handshake", "CERTIFICATE_UNTRUSTED", 9);
  EXPECT_EQ(OpenCount(), 0u);
  Refuse(address, "handshake", "CERTIFICATE_UNTRUSTED");
  ASSERT_EQ(Open(Rule::kRefusedAttempts).size(), 1u);
  const v1::Finding finding = Open(Rule::kRefusedAttempts)[0];
  // An address is nobody's identity.
  EXPECT_THAT(Parties(finding), IsEmpty());
  EXPECT_THAT(finding.detail(), HasSubstr(address));
  EXPECT_THAT(finding.detail(), HasSubstr("handshake CERTIFICATE_UNTRUSTED"));
}

TEST_F(RefusalWatchTest, ForgedSignaturesAndCallsCountAsAttemptsAndMalformedOnesDoNot) {
  Refuse(kDoj, "call", "POLICY_DENIED", 4);
  Refuse(kDoj, "publish", "SIGNATURE_INVALID", 4);
  Refuse(kDoj, "publish", "HEADER_MALFORMED", 100);
  EXPECT_EQ(OpenCount(), 0u);
  Refuse(kDoj, "receipt", "CERTIFICATE_REVOKED", 2);
  EXPECT_EQ(Open(Rule::kRefusedAttempts).size(), 1u);
}

TEST_F(RefusalWatchTest, MoreAttemptsAreAddedToTheOpenFinding) {
  Refuse(kDoj, "call", "POLICY_DENIED", 10);
  Refuse(kDoj, "call", "POLICY_DENIED", 10);
  ASSERT_EQ(Open(Rule::kRefusedAttempts).size(), 1u);
  EXPECT_EQ(Open(Rule::kRefusedAttempts)[0].sequence_count(), 2u);
}

TEST_F(RefusalWatchTest, TimeAloneForgetsAPeerThatStopped) {
  Refuse(kDoj, "call", "POLICY_DENIED", 9);
  const size_t rows = rows_.size();
  Pass(300 * kSecond + 1);
  EXPECT_EQ(rows_.size(), rows - 1);
  Refuse(kDoj, "call", "POLICY_DENIED", 9);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(RefusalWatchTest, OneIdWithTwoContentsIsFoundWithBothParties) {
  const KnownMessage known{.sequence = 1, .source = kDoj, .recipients = {kIns}};
  Refuse(kDoj, "publish", "CONTENT_CHANGED", 1, kChangedText, known);
  ASSERT_EQ(Open(Rule::kContentChanged).size(), 1u);
  const v1::Finding finding = Open(Rule::kContentChanged)[0];
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj, kIns));
  EXPECT_THAT(Proof(finding), ElementsAre(1, 2));
  EXPECT_THAT(finding.detail(), HasSubstr(kMessageId));
  EXPECT_EQ(finding.finding_id(), FindingId(Rule::kContentChanged, kMessageId));
}

TEST_F(RefusalWatchTest, AnUnknownMessageWithTwoContentsNamesThePeerAlone) {
  Refuse(kDoj, "publish", "CONTENT_CHANGED", 1, kChangedText);
  ASSERT_EQ(Open(Rule::kContentChanged).size(), 1u);
  EXPECT_THAT(Parties(Open(Rule::kContentChanged)[0]), ElementsAre(kDoj));
}

TEST_F(RefusalWatchTest, ADuplicateIsNoRefusalAndAnotherReasonNoChange) {
  Refuse(kDoj, "publish", "ALREADY_EXPIRED", 1, kChangedText);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(RefusalWatchTest, TheIdIsReadFromTheText) {
  EXPECT_EQ(MessageIdIn(kChangedText), kMessageId);
  EXPECT_EQ(MessageIdIn("peer \"x\": message \"018f0000-0000-7000-8000-000000000001\""),
            kMessageId);
  EXPECT_EQ(MessageIdIn("message \"018f0000-0000-7000-8000-00000000000\""), "");
  EXPECT_EQ(MessageIdIn("message \"018f0000-0000-7000-8000-0000000000012\""), "");
  EXPECT_EQ(MessageIdIn("no quotes"), "");
  EXPECT_EQ(MessageIdIn("\""), "");
}

TEST_F(RefusalWatchTest, ARestartKeepsTheCount) {
  Refuse(kDoj, "publish", "STALE_VERSION", 2);
  Restart();
  Refuse(kDoj, "publish", "STALE_VERSION");
  EXPECT_EQ(Open(Rule::kMismatchedStep).size(), 1u);
}

}  // namespace
}  // namespace waystation::audit
