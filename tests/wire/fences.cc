#include "tests/wire/fences.h"

#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/status.h"

namespace waystation::wire {
namespace {

constexpr absl::string_view kFence = "```";

}  // namespace

absl::StatusOr<std::map<std::string, Fence>> ReadFences(std::string_view markdown) {
  std::map<std::string, Fence> fences;
  Fence* open = nullptr;
  for (absl::string_view line : absl::StrSplit(Absl(markdown), '\n')) {
    if (line == kFence) {
      open = nullptr;
    } else if (open != nullptr) {
      absl::StrAppend(&open->text, line, "\n");
    } else if (absl::ConsumePrefix(&line, kFence)) {
      std::vector<std::string> words = absl::StrSplit(line, ' ');
      auto [it, fresh] = fences.try_emplace(std::string(line), Fence{words.front(), ""});
      if (!fresh) return absl::InvalidArgumentError(Problem("fence", "given twice", Std(line)));
      open = &it->second;
    }
  }
  if (open != nullptr) return absl::InvalidArgumentError(Problem("fence", "without end"));
  return fences;
}

absl::StatusOr<std::string> HexBytes(std::string_view hex) {
  std::string digits;
  for (char c : hex) {
    bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (!digit && c != '\n') {
      return absl::InvalidArgumentError(Problem("hex", "not a digit", Quoted({&c, 1})));
    }
    if (digit) digits.push_back(c);
  }
  if (digits.size() % 2 != 0) return absl::InvalidArgumentError(Problem("hex", "odd length"));
  return absl::HexStringToBytes(digits);
}

absl::StatusOr<std::string> ReadDataFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Problem("file", "cannot be read", path));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

}  // namespace waystation::wire
