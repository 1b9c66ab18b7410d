#include "services/hhs/letter_number.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "common/statute/certification_rules.h"

namespace waystation::hhs {
namespace {

constexpr const statute::Rule& kRule = statute::kLetterNumberFits;
constexpr uint64_t kNumbers = 100'000'000'000;  // Of 11 digits.
constexpr size_t kDigits = 11;
constexpr size_t kAllDigits = kDigits + 2;

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// ISO/IEC 7064: the number with its check digits leaves 1 when divided by 97.
// They are 02 to 98, so that 00, 01 and 99 are never right.
std::string CheckDigits(uint64_t number) { return absl::StrFormat("%02d", 98 - number * 100 % 97); }

}  // namespace

std::string NewLetterNumber(const RandomSource& random) {
  // The last, incomplete range would favour small numbers: drawn again.
  constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max() / kNumbers * kNumbers;
  uint64_t drawn = 0;
  do {
    random(&drawn, sizeof drawn);
  } while (drawn >= kEnd);
  const uint64_t number = drawn % kNumbers;
  return absl::StrFormat("%011d", number) + CheckDigits(number);
}

absl::Status CheckLetterNumber(std::string_view number) {
  if (number.size() == kAllDigits && AllDigits(number)) {
    uint64_t first = 0;
    for (char digit : number.substr(0, kDigits)) {
      first = first * 10 + static_cast<uint64_t>(digit - '0');
    }
    if (number.substr(kDigits) == CheckDigits(first)) return absl::OkStatus();
  }
  // The number itself may be nearly right, and then it is somebody's. Not Refuse(): bad in any
  // state of a case.
  return Refusal(
      absl::StatusCode::kInvalidArgument, kRule.reason,
      absl::StrCat(Problem("number", "not the number of a letter",
                           absl::StrCat(number.size(), " characters"),
                           "13 digits whose check digits fit; read it again from the letter"),
                   " (", Absl(kRule.citation.section), ")"));
}

}  // namespace waystation::hhs
