#include "common/client/backoff.h"

#include <cstring>

#include "gtest/gtest.h"

namespace waystation::client {
namespace {

void Zeros(void* out, size_t size) { std::memset(out, 0, size); }
void Ones(void* out, size_t size) { std::memset(out, 0xff, size); }

TEST(BackoffTest, DoublesToItsLimitAndStartsAgain) {
  Backoff backoff(absl::Milliseconds(100), absl::Milliseconds(350), Zeros);
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(200));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(350));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(350));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
}

TEST(BackoffTest, ChanceShortensAWaitByHalfAtMost) {
  Backoff backoff(absl::Milliseconds(100), absl::Milliseconds(350), Ones);
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(50));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
}

}  // namespace
}  // namespace waystation::client
