#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/broker/core/core_history.h"

namespace waystation::broker {
namespace {

constexpr int kHistories = 1000;
constexpr int kHistoriesPerCase = 25;

class CoreTest : public ::testing::TestWithParam<int> {};

TEST_P(CoreTest, AgreesWithTheNaiveModelOnRandomHistories) {
  for (int i = 0; i < kHistoriesPerCase && !HasFailure(); ++i) {
    auto seed = static_cast<uint64_t>(GetParam() * kHistoriesPerCase + i);
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    CoreHistory(seed).Run();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CoreTest, ::testing::Range(0, kHistories / kHistoriesPerCase));

TEST(CoreCoverageTest, HistoriesReachEveryOutcome) {
  std::map<std::string, int> outcomes;
  for (uint64_t seed = 0; seed < 40 && !::testing::Test::HasFailure(); ++seed) {
    CoreHistory history(seed);
    history.Run();
    for (const auto& [outcome, count] : history.outcomes()) outcomes[outcome] += count;
  }
  for (const char* wanted : {"publish: OK",
                             "publish: OK again",
                             "publish: ALREADY_EXISTS CONTENT_CHANGED",
                             "publish: FAILED_PRECONDITION ALREADY_EXPIRED",
                             "publish: NOT_FOUND UNKNOWN_RECIPIENT",
                             "publish: NOT_FOUND UNKNOWN_REFERRAL",
                             "publish: ALREADY_EXISTS REFERRAL_EXISTS",
                             "publish: PERMISSION_DENIED NOT_A_PARTY",
                             "publish: ABORTED STALE_VERSION",
                             "publish: FAILED_PRECONDITION ILLEGAL_TRANSITION",
                             "publish: INVALID_ARGUMENT ILLEGAL_TRANSITION",
                             "publish: FAILED_PRECONDITION SCOPE_VERSION",
                             "publish: FAILED_PRECONDITION LINK_INVALID",
                             "publish: INVALID_ARGUMENT RECIPIENTS_INVALID",
                             "receipt: OK ",
                             "receipt: INVALID_ARGUMENT RECEIPT_MISMATCH",
                             "receipt: FAILED_PRECONDITION STALE_ATTEMPT",
                             "nack: OK",
                             "nack: NOT_FOUND UNKNOWN_MESSAGE",
                             "nack: FAILED_PRECONDITION STALE_ATTEMPT",
                             "extend: OK",
                             "extend: NOT_FOUND UNKNOWN_MESSAGE",
                             "extend: FAILED_PRECONDITION STALE_ATTEMPT",
                             "redrive: OK",
                             "redrive: NOT_FOUND UNKNOWN_QUEUE",
                             "redrive: NOT_FOUND UNKNOWN_MESSAGE",
                             "checkpoint: OK",
                             "checkpoint: nothing new",
                             "tick: late",
                             "tick: gone",
                             "tick: expired",
                             "stream closed: held"}) {
    EXPECT_GT(outcomes[wanted], 0) << wanted;
  }
  for (const auto& [outcome, count] : outcomes) RecordProperty(outcome, count);
}

}  // namespace
}  // namespace waystation::broker
