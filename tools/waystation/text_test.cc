#include "tools/waystation/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/exit_code.h"
#include "waystation/ins/v1/petition.pb.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'014'163'200);  // 2002-02-20.

TEST(ParseDateTest, TakesDaysAndDistances) {
  EXPECT_EQ(FormatDate(*ParseDate("--from", "2002-02-28", kNow)), "2002-02-28");
  EXPECT_EQ(FormatDate(*ParseDate("--from", "today", kNow)), "2002-02-20");
  EXPECT_EQ(FormatDate(*ParseDate("--from", "+9d", kNow)), "2002-03-01");
  EXPECT_EQ(FormatDate(*ParseDate("--from", "-1d", kNow)), "2002-02-19");
}

TEST(ParseDateTest, RefusesWhatIsNoDay) {
  for (const char* text :
       {"", "2002-02-30", "tomorrow", "+d", "+99999999d", "02-28-2002", "2002"}) {
    auto date = ParseDate("--from", text, kNow);
    EXPECT_EQ(ExitCodeOf(date.status()), ExitCode::kUsage) << text;
    EXPECT_THAT(std::string(date.status().message()), HasSubstr("--from")) << text;
  }
}

TEST(ReferralIdTest, ReadsHexAndTheBase64OfOtherClients) {
  const std::string id("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
  EXPECT_EQ(*ParseReferralId("00112233445566778899aabbccddeeff"), id);
  EXPECT_EQ(*ParseReferralId("00112233445566778899AABBCCDDEEFF"), id);
  EXPECT_EQ(*ParseReferralId("ABEiM0RVZneImaq7zN3u/w=="), id);
  EXPECT_EQ(FormatReferralId(id), "00112233445566778899aabbccddeeff");
}

TEST(ReferralIdTest, RefusesOtherLengths) {
  for (const char* text : {"", "00", "00112233445566778899aabbccddee", "zz", "ABEiM0RV"}) {
    EXPECT_EQ(ExitCodeOf(ParseReferralId(text).status()), ExitCode::kUsage) << text;
  }
}

TEST(WordsTest, ReadsWhatItPrints) {
  EXPECT_EQ(Words(types::v1::REFERRAL_STATE_ON_HOLD), "on hold");
  EXPECT_EQ(Words(types::v1::TRANSITION_UNSPECIFIED), "");
  EXPECT_EQ(Words(static_cast<types::v1::Transition>(99)), "value 99");
  auto mechanism = ParseWords<ins::v1::PresenceMechanism>("--mechanism", "stay-of-removal");
  ASSERT_TRUE(mechanism.ok());
  EXPECT_EQ(*mechanism, ins::v1::PRESENCE_MECHANISM_STAY_OF_REMOVAL);
}

TEST(WordsTest, UnknownNameListsTheNames) {
  auto mechanism = ParseWords<ins::v1::PresenceMechanism>("--mechanism", "unspecified");
  EXPECT_EQ(ExitCodeOf(mechanism.status()), ExitCode::kUsage);
  EXPECT_THAT(std::string(mechanism.status().message()),
              HasSubstr("parole, stay-of-removal, deferred-action, other"));
}

TEST(ShellWordTest, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(ShellWord("cp-7f3a.b/c:+1"), "cp-7f3a.b/c:+1");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("two words; $(id)"), "'two words; $(id)'");
  EXPECT_EQ(ShellWord("the file's"), "'the file'\\''s'");
}

TEST(AgeTest, SaysOneUnit) {
  EXPECT_EQ(FormatAge(absl::Milliseconds(5)), "now");
  EXPECT_EQ(FormatAge(absl::Seconds(119)), "119s");
  EXPECT_EQ(FormatAge(absl::Hours(49)), "2d");
}

TEST(ShortIdentityTest, LeavesTheTrustDomainOut) {
  EXPECT_EQ(ShortIdentity("spiffe://waystation.example/agency/ins"), "agency/ins");
  EXPECT_EQ(ShortIdentity("10.0.0.1:5"), "10.0.0.1:5");
}

}  // namespace
}  // namespace waystation::cli
