#include "tools/waystation/app.h"

#include <sys/stat.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/dev_layout.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ran {
  int code;
  std::string results;
  std::string narration;
};

Ran RunWords(std::vector<const char*> words) {
  words.insert(words.begin(), "waystation");
  std::ostringstream results, narration;
  const int code = RunCommand(static_cast<int>(words.size()), words.data(), results, narration);
  return {code, results.str(), narration.str()};
}

TEST(AppTest, HelpGoesToResultsAndDocumentsExitCodes) {
  const Ran ran = RunWords({"--help"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.results, HasSubstr("6 verification failed"));
  EXPECT_THAT(ran.narration, IsEmpty());
}

TEST(AppTest, UnknownVerbIsUsageAndNamesWhatThereIs) {
  const Ran ran = RunWords({"petition", "fil"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.narration,
              HasSubstr("petition verb: unknown, got \"fil\", want one of file, list, show"));
  EXPECT_THAT(ran.narration, HasSubstr("petition --help"));
  EXPECT_THAT(ran.results, IsEmpty());
}

TEST(AppTest, NoVerbIsUsage) {
  const Ran ran = RunWords({});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.narration, HasSubstr("verb: missing, want one of dev, demo"));
}

TEST(AppTest, UnknownOptionIsUsage) { EXPECT_EQ(RunWords({"status", "--nonsense"}).code, 2); }

TEST(AppTest, OutputFormIsChecked) { EXPECT_EQ(RunWords({"-o", "xml", "status"}).code, 2); }

TEST(AppTest, TimeoutIsChecked) {
  const Ran ran = RunWords({"--timeout", "soon", "status"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.narration, HasSubstr("--timeout: no duration, got \"soon\""));
}

TEST(AppTest, MissingProfileNamesTheNextCommand) {
  const Ran ran = RunWords({"status", "--profile", "/nonexistent/profile.textproto"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.narration, HasSubstr("/nonexistent/profile.textproto: missing"));
  EXPECT_THAT(ran.narration, HasSubstr("next:"));
  EXPECT_THAT(ran.narration, HasSubstr(" dev"));
}

TEST(AppTest, ErrorIsOneJsonObjectWithJsonOutput) {
  const Ran ran = RunWords({"status", "-o", "json", "--profile", "/nonexistent/profile.textproto"});
  EXPECT_THAT(ran.narration, HasSubstr("\"error\":\"FAILED_PRECONDITION\""));
  EXPECT_EQ(ran.narration.find('\n'), ran.narration.size() - 1);
}

TEST(AppTest, MalformedReferralIsUsageBeforeAnyProfileIsRead) {
  EXPECT_EQ(RunWords({"history", "xyz", "--profile", "/nonexistent"}).code, 2);
  EXPECT_EQ(RunWords({"take-up", "xyz", "--profile", "/nonexistent"}).code, 2);
}

TEST(AppTest, AnswerNeedsExactlyOneDecision) {
  const char* referral = "00112233445566778899aabbccddeeff";
  EXPECT_EQ(RunWords({"answer", referral}).code, 2);
  EXPECT_EQ(RunWords({"answer", referral, "--grant", "--deny"}).code, 2);
  EXPECT_EQ(RunWords({"answer", referral, "--countersign", "--deny"}).code, 2);
}

TEST(AppTest, ExplainPrintsTheContract) {
  const Ran ran = RunWords({"explain", "services"});
  EXPECT_EQ(ran.code, 0) << ran.narration;
  EXPECT_THAT(ran.results, HasSubstr("10 business days, POLICY-SV-1"));
  EXPECT_THAT(ran.results, HasSubstr("career-counseling, wage-claim"));
  EXPECT_THAT(ran.results, HasSubstr("outcomes.outcome"));
  EXPECT_EQ(RunWords({"explain", "nonsense"}).code, 3);
  EXPECT_THAT(RunWords({"explain"}).results, HasSubstr("ServicesReferral"));
}

TEST(AppTest, CompletionKnowsEveryVerbAndItsFlags) {
  const Ran ran = RunWords({"completion", "bash"});
  EXPECT_EQ(ran.code, 0) << ran.narration;
  EXPECT_THAT(ran.results, HasSubstr("\"case\") words=\"list show open forward"));
  EXPECT_THAT(ran.results, HasSubstr("\"consent record\") words=\""));
  EXPECT_THAT(ran.results, HasSubstr("--to-unit"));
  EXPECT_EQ(RunWords({"completion", "fish"}).code, 2);
}

TEST(AppTest, WordsOfCaseworkAreReadBeforeAnyProfile) {
  const std::vector<const char*> open = {"case",      "open",    "--profile", "/nonexistent",
                                         "--to-unit", "dol/eta", "--type",    "services",
                                         "--person",  "pv-1",    "--body"};
  auto with = [&](std::vector<const char*> more) {
    more.insert(more.begin(), open.begin(), open.end());
    return RunWords(more);
  };
  EXPECT_EQ(with({"{}", "--basis", "duty:TVPA 107(b)"}).code, 1);  // The profile is missing.
  EXPECT_EQ(with({"{}", "--basis", "duty:"}).code, 2);
  EXPECT_EQ(with({"{}", "--basis", "friendship:x"}).code, 2);
  EXPECT_EQ(with({"{", "--basis", "duty:TVPA 107(b)"}).code, 2);
  EXPECT_EQ(RunWords({"case", "show", "xyz", "--profile", "/nonexistent"}).code, 2);
  EXPECT_EQ(RunWords({"retain", "00112233445566778899aabbccddeeff"}).code, 2);
}

TEST(AppTest, RedriveNamesItsDeadLettersBeforeAnyProfile) {
  const std::vector<const char*> redrive = {"dead-letters", "redrive", "--profile",
                                            "/nonexistent", "--queue", "agency/ins"};
  auto with = [&](std::vector<const char*> more) {
    more.insert(more.begin(), redrive.begin(), redrive.end());
    return RunWords(more);
  };
  const char* message = "018f0000-0000-7000-8000-000000000001";
  EXPECT_THAT(with({}).narration, HasSubstr("no dead letter named, want --message ID, or --all"));
  EXPECT_EQ(with({}).code, 2);
  EXPECT_EQ(with({"--all", "--message", message}).code, 2);
  EXPECT_EQ(with({"--message", message, "--message", "xyz"}).code, 2);
  EXPECT_EQ(with({"--message", message}).code, 1);  // The profile is missing.
  EXPECT_EQ(with({"--all"}).code, 1);
}

TEST(AppTest, CancellationIsConfirmedOrDeclinedWithAReason) {
  const char* referral = "00112233445566778899aabbccddeeff";
  EXPECT_EQ(RunWords({"cancellation", referral}).code, 2);
  EXPECT_EQ(RunWords({"cancellation", referral, "--continue"}).code, 2);
  EXPECT_EQ(RunWords({"cancellation", referral, "--confirm", "--continue", "--reason=x"}).code, 2);
  EXPECT_EQ(RunWords({"cancellation", "xyz", "--confirm"}).code, 2);
}

// A development bus's files, as `dev` lays them out, without servers.
class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string dir = absl::StrCat(
        ::testing::TempDir(), "/", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    auto layout = DevLayout::Make(dir, clock_.Now());
    ASSERT_TRUE(layout.ok()) << layout.status();
    layout_ = std::make_unique<DevLayout>(*std::move(layout));
    const v1::Profile profile =
        layout_->MakeProfile({{"broker", "127.0.0.1:1"}, {"doj", "127.0.0.1:1"}});
    ASSERT_TRUE(WriteTextProto(layout_->ProfilePath(), "test", profile, FileMode::kPrivate).ok());
  }

  Ran Doctor(const char* more) {
    return RunWords({"doctor", more, "--profile", layout_->ProfilePath().c_str()});
  }

  SystemClock clock_;
  std::unique_ptr<DevLayout> layout_;
};

TEST_F(DoctorTest, FreshFilesAreWell) {
  const Ran ran = Doctor("--offline");
  EXPECT_EQ(ran.code, 0) << ran.results;
  EXPECT_THAT(ran.results, HasSubstr("ok    certificate of agent-1101"));
}

TEST_F(DoctorTest, KeyThatOthersMayReadIsNamedWithItsFix) {
  const std::string key = layout_->KeyPath("/auditor", crypto::KeyUse::kTls);
  ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  const Ran ran = Doctor("--offline");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.results, HasSubstr("FAIL  key of auditor"));
  EXPECT_THAT(ran.results, HasSubstr("fix: chmod 600 " + key));
}

TEST_F(DoctorTest, RevokedCertificateIsFound) {
  const auto& issued = layout_->pki().issued().issued();
  for (const v1::IssuedEntry& entry : issued) {
    if (entry.identity() != DevIdentity("/operator")) continue;
    ASSERT_TRUE(layout_->pki().Revoke(entry.serial(), clock_.Now()).ok());
  }
  const Ran ran = Doctor("--offline");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.results, HasSubstr("FAIL  certificate of operator: CERTIFICATE_REVOKED"));
}

TEST_F(DoctorTest, ServersThatAreAwayAreNamed) {
  const Ran ran = Doctor("--timeout=2s");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.results, HasSubstr("FAIL  broker at 127.0.0.1:1"));
  EXPECT_THAT(ran.results, HasSubstr("nothing listens at 127.0.0.1:1"));
}

TEST_F(DoctorTest, UnreachableBrokerHasItsExitCode) {
  const Ran ran = RunWords({"status", "--profile", layout_->ProfilePath().c_str()});
  EXPECT_EQ(ran.code, 5) << ran.narration;
  EXPECT_THAT(ran.narration, HasSubstr("broker at 127.0.0.1:1: unreachable"));
}

TEST(AppTest, DoctorWithoutProfileFailsWithVerificationCode) {
  const Ran ran = RunWords({"doctor", "--profile", "/nonexistent/profile.textproto"});
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.results, HasSubstr("FAIL  profile"));
  EXPECT_THAT(ran.results, HasSubstr("fix: "));
}

}  // namespace
}  // namespace waystation::cli
