#include "common/ids/handle.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/status/status.h"

namespace waystation {
namespace {

// Crockford's base 32 in lower case, which has neither i, l, o nor u.
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kCharacters = 12;
constexpr size_t kGroup = 4;
constexpr size_t kPrefixBytesMax = 8;

bool IsPrefix(std::string_view prefix) {
  return !prefix.empty() && prefix.size() <= kPrefixBytesMax &&
         std::all_of(prefix.begin(), prefix.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

std::string NewHandle(std::string_view prefix, const RandomSource& random) {
  WS_CHECK(IsPrefix(prefix));
  std::array<uint8_t, kCharacters> bytes;
  random(bytes.data(), bytes.size());
  std::string handle(prefix);
  for (size_t i = 0; i < kCharacters; i++) {
    if (i % kGroup == 0) handle.push_back('-');
    handle.push_back(kAlphabet[bytes[i] % kAlphabet.size()]);
  }
  return handle;
}

bool IsHandle(std::string_view text, std::string_view prefix) {
  if (!IsPrefix(prefix) || text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  if (text.size() != kCharacters + kCharacters / kGroup) return false;
  for (size_t i = 0; i < text.size(); i++) {
    const bool hyphen = i % (kGroup + 1) == 0;
    if (hyphen ? text[i] != '-' : kAlphabet.find(text[i]) == kAlphabet.npos) return false;
  }
  return true;
}

}  // namespace waystation
