#include "services/hhs/letter_number.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::hhs {
namespace {

// Numbers that repeat from run to run.
RandomSource Seeded(uint64_t seed) {
  auto engine = std::make_shared<std::mt19937_64>(seed);
  return [engine](void* out, size_t size) {
    for (size_t at = 0; at < size; ++at) {
      static_cast<unsigned char*>(out)[at] = static_cast<unsigned char>((*engine)());
    }
  };
}

RandomSource Fixed(uint64_t value) {
  return [value](void* out, size_t size) { std::memcpy(out, &value, size); };
}

constexpr int kNumbers = 200;

TEST(LetterNumberTest, HasElevenDigitsAndTheCheckDigitsOfIso7064) {
  // 98 - 0 = 98; 98 - 100 mod 97 = 95; 79400 = 818 * 97 + 54, so 44.
  EXPECT_EQ(NewLetterNumber(Fixed(0)), "0000000000098");
  EXPECT_EQ(NewLetterNumber(Fixed(1)), "0000000000195");
  EXPECT_EQ(NewLetterNumber(Fixed(794)), "0000000079444");
  EXPECT_EQ(NewLetterNumber(Fixed(99'999'999'999)).substr(0, 11), "99999999999");
  EXPECT_EQ(NewLetterNumber(Fixed(100'000'000'001)), "0000000000195");
}

TEST(LetterNumberTest, TakesWhatItMade) {
  std::set<std::string> numbers;
  RandomSource random = Seeded(8);
  for (int i = 0; i < kNumbers; ++i) {
    std::string number = NewLetterNumber(random);
    EXPECT_EQ(number.size(), 13u);
    EXPECT_TRUE(CheckLetterNumber(number).ok()) << number;
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), static_cast<size_t>(kNumbers));
}

TEST(LetterNumberTest, FindsEachOfTheAlterationsOfOneDigit) {
  RandomSource random = Seeded(9);
  for (int i = 0; i < kNumbers; ++i) {
    const std::string good = NewLetterNumber(random);
    int altered = 0;
    for (size_t at = 0; at < good.size(); ++at) {
      for (char digit = '0'; digit <= '9'; ++digit) {
        if (digit == good[at]) continue;
        std::string bad = good;
        bad[at] = digit;
        ++altered;
        EXPECT_EQ(ReasonOf(CheckLetterNumber(bad)), "LETTER_NUMBER_INVALID") << good << " " << bad;
      }
    }
    EXPECT_EQ(altered, 13 * 9);
  }
}

TEST(LetterNumberTest, FindsTwoAdjacentDigitsExchanged) {
  RandomSource random = Seeded(10);
  for (int i = 0; i < kNumbers; ++i) {
    const std::string good = NewLetterNumber(random);
    for (size_t at = 0; at + 1 < good.size(); ++at) {
      if (good[at] == good[at + 1]) continue;
      std::string bad = good;
      std::swap(bad[at], bad[at + 1]);
      EXPECT_FALSE(CheckLetterNumber(bad).ok()) << good << " " << bad;
    }
  }
}

TEST(LetterNumberTest, RefusesAnyOtherForm) {
  const std::string good = NewLetterNumber(Fixed(794));
  for (const std::string& bad :
       {std::string(), std::string("0"), good + "0", good.substr(1), " " + good.substr(1),
        "+" + good.substr(1), std::string(13, 'x'), std::string(1'000'000, '1'),
        good.substr(0, 12) + std::string(1, '\0')}) {
    const absl::Status refused = CheckLetterNumber(bad);
    EXPECT_EQ(ReasonOf(refused), "LETTER_NUMBER_INVALID");
    EXPECT_NE(refused.ToString().find("(POLICY-CE-5)"), std::string::npos) << refused;
    EXPECT_LT(refused.message().size(), 300u);
  }
  // The number may be nearly right: it must not reach a log.
  EXPECT_EQ(CheckLetterNumber(good.substr(1)).ToString().find(good.substr(1)), std::string::npos);
}

}  // namespace
}  // namespace waystation::hhs
