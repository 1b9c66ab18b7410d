#include "common/ids/uuid.h"

#include <algorithm>
#include <array>
#include <utility>

namespace waystation {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr size_t kTextBytes = 36;
constexpr uint64_t kUnixMsMax = (uint64_t{1} << 48) - 1;
constexpr uint64_t kRandAMax = (uint64_t{1} << 12) - 1;
constexpr uint64_t kRandBMax = (uint64_t{1} << 62) - 1;

bool IsHyphenPlace(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// Returns the digit's value, or -1. Lower case alone.
// By table: the digits of an id are random, and every branch on them is a guess.
constexpr std::array<int8_t, 256> MakeHexValues() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (int i = 0; i < 16; i++) {
    values[static_cast<uint8_t>(kHexDigits[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kHexValues = MakeHexValues();

int HexValue(char digit) { return kHexValues[static_cast<uint8_t>(digit)]; }

uint64_t UnixMs(const Clock& clock) {
  int64_t ms = absl::ToUnixMillis(clock.Now());
  return std::min(static_cast<uint64_t>(std::max<int64_t>(ms, 0)), kUnixMsMax);
}

// RFC 9562, section 5.7: 48 bits of time, version 7, rand_a, variant 10, rand_b.
Uuid Layout(uint64_t unix_ms, uint64_t rand_a, uint64_t rand_b) {
  const uint64_t high = unix_ms << 16 | uint64_t{7} << 12 | rand_a;
  const uint64_t low = uint64_t{2} << 62 | rand_b;
  Uuid uuid;
  for (size_t i = 0; i < 8; i++) {
    uuid[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    uuid[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  return uuid;
}

}  // namespace

std::optional<Uuid> ParseUuid(std::string_view text) {
  if (text.size() != kTextBytes) return std::nullopt;
  Uuid uuid;
  int problems = 0;  // Negative once a digit is none.
  size_t at = 0;
  for (uint8_t& byte : uuid) {
    if (IsHyphenPlace(at) && text[at++] != '-') return std::nullopt;
    const int high = HexValue(text[at++]);
    const int low = HexValue(text[at++]);
    problems |= high | low;
    byte = static_cast<uint8_t>(high << 4 | low);
  }
  if (problems < 0) return std::nullopt;
  return uuid;
}

std::string FormatUuid(const Uuid& uuid) {
  std::string text;
  text.reserve(kTextBytes);
  for (uint8_t byte : uuid) {
    if (IsHyphenPlace(text.size())) text.push_back('-');
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

bool IsUuidV7(std::string_view text) {
  const std::optional<Uuid> uuid = ParseUuid(text);
  return uuid.has_value() && (*uuid)[6] >> 4 == 7 && (*uuid)[8] >> 6 == 2;
}

std::optional<absl::Time> TimeOfUuidV7(std::string_view text) {
  if (!IsUuidV7(text)) return std::nullopt;
  const Uuid uuid = *ParseUuid(text);
  int64_t unix_ms = 0;
  for (size_t i = 0; i < 6; i++) unix_ms = unix_ms << 8 | uuid[i];
  return absl::FromUnixMillis(unix_ms);
}

UuidV7Generator::UuidV7Generator(const Clock& clock, RandomSource random)
    : clock_(clock), random_(std::move(random)) {}

std::string UuidV7Generator::Next() {
  std::lock_guard lock(mutex_);
  const uint64_t now_ms = UnixMs(clock_);
  if (!started_ || now_ms > unix_ms_) {
    started_ = true;
    unix_ms_ = now_ms;
    Reseed();
  } else {
    Step();
  }
  return FormatUuid(Layout(unix_ms_, rand_a_, rand_b_));
}

void UuidV7Generator::Reseed() {
  uint64_t random[2];
  random_(random, sizeof(random));
  rand_a_ = random[0] & kRandAMax;
  rand_b_ = random[1] & kRandBMax;
}

void UuidV7Generator::Step() {
  uint32_t step;
  random_(&step, sizeof(step));
  rand_b_ += uint64_t{1} + step;
  if (rand_b_ <= kRandBMax) return;
  // Began within a few steps of its end, once in 2^30 times: the next
  // millisecond is borrowed (RFC 9562, section 6.2, "Counter Rollover Handling").
  unix_ms_ = std::min(unix_ms_ + 1, kUnixMsMax);
  Reseed();
}

}  // namespace waystation
