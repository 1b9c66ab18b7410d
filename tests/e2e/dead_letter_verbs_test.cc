#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"
#include "tools/waystation/files.h"

// The operator's verbs on messages that really died: the command and the broker as
// processes, and a receiver that gives back until the attempts are used up. What the
// verbs refuse is in tests/cli/officer_test.py.

namespace waystation::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kAttemptsMax = 2;
constexpr int kNotFound = 3;  // The command's exit code.

void FewAttempts(cli::DevLayout&, journal::v1::Genesis* genesis) {
  auto* delivery = genesis->mutable_policy()->mutable_delivery();
  delivery->set_attempts_max(kAttemptsMax);
  delivery->set_backoff_min_ms(10);
  delivery->set_backoff_max_ms(10);
}

struct Ran {
  int code;
  std::string results;
};

int Times(const std::string& text, const std::string& part) {
  int times = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

class DeadLetterVerbsTest : public testing::Test {
 protected:
  DeadLetterVerbsTest()
      : bus_({.adjust_genesis = FewAttempts, .broker_prefix = {}}),
        doj_(bus_, kDoj),
        ins_(bus_, kIns) {
    bus_.Start();
    Require(cli::WriteTextProto(bus_.layout().ProfilePath(), "A bus of a test.",
                                bus_.layout().MakeProfile({{"broker", bus_.address()}}),
                                cli::FileMode::kPrivate),
            "profile");
  }

  // Narration goes to the log of the test.
  Ran Run(const std::string& words) {
    const std::string line = absl::StrCat(
        std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
        "/tools/waystation/waystation --profile ", bus_.layout().ProfilePath(), " ", words);
    FILE* pipe = popen(line.c_str(), "r");
    WS_CHECK(pipe != nullptr);
    Ran ran;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
      ran.results.push_back(static_cast<char>(c));
    }
    const int status = pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }

  // Returns the id of a message that died at INS.
  std::string DeadLetter() {
    const bus::v1::SignedMessage sent = doj_.Sign(doj_.Report(kIns), "x");
    Require(Publish(bus_.Channel(kDoj), sent).status(), "publish");
    Puller puller(bus_.Channel(kIns), ins_);
    for (uint32_t attempt = 0; attempt < kAttemptsMax; ++attempt) {
      auto got = puller.Next();
      WS_CHECK(got.has_value());
      puller.Nack(*got, absl::ZeroDuration(), "BUSY");
      WS_CHECK(puller.NextResult().has_value());
    }
    return HeaderOf(sent).id();
  }

  // INS gets this message and no other, as if for the first time, and keeps it.
  void ExpectDelivered(const std::string& id) {
    Puller puller(bus_.Channel(kIns), ins_);
    auto got = puller.Next();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(HeaderOf(got->message()).id(), id);
    EXPECT_EQ(got->attempt(), 1u);
    EXPECT_TRUE(puller.AckAndConfirm(*got));
  }

  int64_t RedrivesOnRecord() {
    const auto records = ReadRecords(bus_, 1, LastSequence(bus_.Channel(kOperator)));
    return std::count_if(records.begin(), records.end(), [](const journal::v1::Record& record) {
      return record.redriven().operator_() == cli::DevIdentity(kOperator);
    });
  }

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
};

TEST_F(DeadLetterVerbsTest, ListTellsWhoseTheyAreAndWhatTheyDiedOf) {
  const std::string first = DeadLetter();
  const std::string second = DeadLetter();
  Ran listed;
  // The sender is told once the index has followed.
  ASSERT_TRUE(Eventually([&] {
    listed = Run("dead-letters list");
    return Times(listed.results, "agency/doj") == 2;
  })) << listed.results;
  EXPECT_EQ(listed.code, 0);
  EXPECT_LT(listed.results.find(first), listed.results.find(second));
  EXPECT_EQ(Times(listed.results, "agency/ins"), 2);
  EXPECT_EQ(Times(listed.results, "BUSY"), 2);
  const std::string json = Run("-o json dead-letters list").results;
  EXPECT_EQ(Times(json, "\n"), 2) << json;
  EXPECT_THAT(json, HasSubstr(absl::StrCat("\"message_id\":\"", first, "\"")));
  EXPECT_THAT(json, HasSubstr(absl::StrCat("\"queue\":\"", cli::DevIdentity(kIns), "\"")));
  EXPECT_EQ(Run("-o json dead-letters list --queue agency/ins").results, json);
  EXPECT_EQ(Run("-o json dead-letters list --queue agency/doj").results, "");
}

TEST_F(DeadLetterVerbsTest, RedriveSendsTheNamedOneAndLeavesTheOther) {
  const std::string first = DeadLetter();
  const std::string second = DeadLetter();
  const std::string redrive = "dead-letters redrive --queue agency/ins --message " + second;
  EXPECT_THAT(Run(redrive).results, HasSubstr("redriven  1\n"));
  // Not dead any more: it stays as it is.
  const Ran again = Run(redrive);
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.results, HasSubstr("redriven  0\n"));
  const std::string left = Run("dead-letters list").results;
  EXPECT_THAT(left, HasSubstr(first));
  EXPECT_THAT(left, Not(HasSubstr(second)));
  ASSERT_NO_FATAL_FAILURE(ExpectDelivered(second));
  // Receipted, it is in the queue no more; and one that is unknown keeps the others back.
  EXPECT_EQ(Run(redrive + " --message " + first).code, kNotFound);
  EXPECT_EQ(RedrivesOnRecord(), 1);
}

TEST_F(DeadLetterVerbsTest, RedriveOfAllEmptiesTheList) {
  const std::string id = DeadLetter();
  const std::string redrive =
      absl::StrCat("-o json dead-letters redrive --all --queue ", cli::DevIdentity(kIns));
  EXPECT_EQ(Run(redrive).results, "{\"redriven\":\"1\"}\n");
  EXPECT_EQ(Run(redrive).results, "{\"redriven\":\"0\"}\n");
  EXPECT_EQ(Run("dead-letters list").results, "");
  ASSERT_NO_FATAL_FAILURE(ExpectDelivered(id));
  EXPECT_EQ(RedrivesOnRecord(), 1);
}

}  // namespace
}  // namespace waystation::harness
