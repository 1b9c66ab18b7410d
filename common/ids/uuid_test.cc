#include "common/ids/uuid.h"

#include <random>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace waystation {
namespace {

// The example of RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC.
constexpr std::string_view kRfcExample = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr int64_t kRfcUnixMs = 0x017F22E279B0;

RandomSource Seeded(uint64_t seed) {
  return [engine = std::mt19937_64(seed)](void* out, size_t size) mutable {
    for (size_t i = 0; i < size; i++) static_cast<uint8_t*>(out)[i] = engine() & 0xff;
  };
}

RandomSource Filled(uint8_t byte) {
  return [byte](void* out, size_t size) { std::fill_n(static_cast<uint8_t*>(out), size, byte); };
}

TEST(UuidTest, ReadsAndWritesTheRfcExample) {
  auto uuid = ParseUuid(kRfcExample);
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ((*uuid)[0], 0x01);
  EXPECT_EQ((*uuid)[15], 0x8f);
  EXPECT_EQ(FormatUuid(*uuid), kRfcExample);
  EXPECT_TRUE(IsUuidV7(kRfcExample));
}

TEST(UuidTest, RefusesEveryOtherText) {
  for (std::string_view text :
       {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ", "017f22e279b07cc398c4dc0c0c07398f----"}) {
    EXPECT_FALSE(ParseUuid(text).has_value()) << text;
    EXPECT_FALSE(IsUuidV7(text)) << text;
  }
}

TEST(UuidTest, KnowsVersionAndVariant) {
  EXPECT_FALSE(IsUuidV7("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"));
  EXPECT_FALSE(IsUuidV7("017f22e2-79b0-7cc3-18c4-dc0c0c07398f"));
  EXPECT_FALSE(IsUuidV7("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f"));
  EXPECT_TRUE(IsUuidV7("017f22e2-79b0-7cc3-b8c4-dc0c0c07398f"));
}

TEST(UuidTest, TellsWhenItWasMade) {
  EXPECT_EQ(TimeOfUuidV7(kRfcExample), absl::FromUnixMillis(kRfcUnixMs));
  for (std::string_view text : {"", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f"}) {
    EXPECT_FALSE(TimeOfUuidV7(text).has_value()) << text;
  }
}

TEST(UuidV7GeneratorTest, CarriesTheTimeOfMaking) {
  FakeClock clock(absl::FromUnixMillis(kRfcUnixMs));
  UuidV7Generator ids(clock, Seeded(1));
  const std::string id = ids.Next();
  EXPECT_TRUE(IsUuidV7(id)) << id;
  EXPECT_EQ(id.substr(0, 13), kRfcExample.substr(0, 13));
}

TEST(UuidV7GeneratorTest, GrowsWithinAMillisecondAndWhenTheClockStepsBack) {
  FakeClock clock(absl::FromUnixMillis(kRfcUnixMs));
  UuidV7Generator ids(clock, Seeded(2));
  std::string last;
  for (int i = 0; i < 10'000; i++) {
    if (i == 3000) clock.SetNow(absl::FromUnixMillis(kRfcUnixMs - 60'000));
    if (i == 6000) clock.SetNow(absl::FromUnixMillis(kRfcUnixMs + 1));
    const std::string id = ids.Next();
    ASSERT_TRUE(IsUuidV7(id)) << id;
    ASSERT_GT(id, last) << i;
    last = id;
  }
}

TEST(UuidV7GeneratorTest, BorrowsTheNextMillisecondWhenTheRandomPartIsUsedUp) {
  FakeClock clock(absl::FromUnixMillis(kRfcUnixMs));
  UuidV7Generator ids(clock, Filled(0xff));
  EXPECT_EQ(ids.Next(), "017f22e2-79b0-7fff-bfff-ffffffffffff");
  EXPECT_EQ(ids.Next(), "017f22e2-79b1-7fff-bfff-ffffffffffff");
  EXPECT_EQ(ids.Next(), "017f22e2-79b2-7fff-bfff-ffffffffffff");
}

TEST(UuidV7GeneratorTest, KeepsTheFormAtTheEndsOfTime) {
  for (absl::Time now : {absl::InfinitePast(), absl::InfiniteFuture()}) {
    FakeClock clock(now);
    UuidV7Generator ids(clock, Seeded(3));
    EXPECT_TRUE(IsUuidV7(ids.Next()));
  }
}

TEST(UuidV7GeneratorTest, ThreadsNeverShareAnId) {
  SystemClock clock;
  UuidV7Generator ids(clock, SystemRandom);
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&ids, &mine] {
      for (int i = 0; i < 5000; i++) mine.push_back(ids.Next());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 20'000u);
}

}  // namespace
}  // namespace waystation
