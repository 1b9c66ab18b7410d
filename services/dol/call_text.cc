#include "services/dol/call_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/status/status.h"
#include "services/dol/line_rules.h"

namespace waystation::dol {
namespace {

constexpr int kDigitsMax = 6;

// The zero of each script; its other digits follow.
constexpr std::array<char32_t, 5> kZeros = {U'0', 0x660, 0x6f0, 0x966, 0xff10};

struct Character {
  char32_t code;
  size_t bytes;
};

// The first character of UTF-8 text that is not empty. protobuf has refused all
// else; a byte that fits nothing is a character of its own.
Character First(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t bytes = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  char32_t code = lead & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  return {code, bytes};
}

bool IsDigit(char32_t code) {
  for (char32_t zero : kZeros) {
    if (code >= zero && code < zero + 10) return true;
  }
  return false;
}

// White space, dots, dashes and parentheses; those of Unicode are in its blocks
// of general punctuation and of full-width forms.
bool MayStandBetween(char32_t code) {
  constexpr std::u32string_view kOthers = U" \t\n.-()\u00a0\u00ad\uff08\uff09\uff0d\uff0e";
  return kOthers.find(code) != std::u32string_view::npos || (code >= 0x2000 && code <= 0x206f);
}

}  // namespace

bool HoldsTelephoneNumber(std::string_view text) {
  int digits = 0;
  while (!text.empty()) {
    const Character next = First(text);
    text.remove_prefix(next.bytes);
    if (IsDigit(next.code)) {
      if (++digits > kDigitsMax) return true;
    } else if (!MayStandBetween(next.code)) {
      digits = 0;
    }
  }
  return false;
}

absl::Status CheckCallText(std::string_view field, std::string_view text,
                           agency::TextLimits limits) {
  WS_RETURN_IF_ERROR(agency::CheckText(field, text, limits));
  if (!HoldsTelephoneNumber(text)) return absl::OkStatus();
  // A fault of the text alone, whatever the call's state: hence no statute::Refuse.
  return Refusal(absl::StatusCode::kInvalidArgument, kNoCallerId.reason,
                 absl::StrCat(Problem(field, "looks like a telephone number", "",
                                      "at most 6 digits in a row; a time as 10:00, a day as 28 "
                                      "October"),
                              " (", Absl(kNoCallerId.citation.section), ")"));
}

}  // namespace waystation::dol
