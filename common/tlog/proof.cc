#include "common/tlog/proof.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::tlog {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr size_t kHashesMax = 63;

absl::Status Malformed(std::string_view problem, std::string_view got = {},
                       std::string_view want = {}) {
  return absl::InvalidArgumentError(Problem("tlog proof", problem, got, want));
}

// Takes the first line; false when there is none.
bool TakeLine(std::string_view* rest, std::string_view* line) {
  const size_t end = rest->find('\n');
  if (end == std::string_view::npos) return false;
  *line = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return true;
}

bool DecodeStrictly(std::string_view text, std::string* bytes) {
  return absl::Base64Unescape(Absl(text), bytes) && absl::Base64Escape(*bytes) == text;
}

}  // namespace

std::string HashLines(std::string_view hashes) {
  std::string lines;
  for (; !hashes.empty(); hashes.remove_prefix(merkle::kHashBytes)) {
    absl::StrAppend(&lines, absl::Base64Escape(Absl(hashes.substr(0, merkle::kHashBytes))), "\n");
  }
  return lines;
}

absl::StatusOr<std::string> TakeHashLines(std::string_view* rest) {
  std::string hashes;
  std::string_view line;
  while (TakeLine(rest, &line)) {
    if (line.empty()) return hashes;
    std::string hash;
    if (!DecodeStrictly(line, &hash) || hash.size() != merkle::kHashBytes) {
      return Malformed("malformed hash", Quoted(line), "base64 of 32 bytes");
    }
    hashes += hash;
    if (hashes.size() > kHashesMax * merkle::kHashBytes) {
      return Malformed("too many hashes", "", "at most 63");
    }
  }
  return Malformed("ends before its checkpoint");
}

std::string Proof::ToBytes() const {
  std::string bytes = absl::StrCat(Absl(kFirstLine), "\n");
  if (!extra.empty()) absl::StrAppend(&bytes, "extra ", absl::Base64Escape(extra), "\n");
  absl::StrAppend(&bytes, "index ", index, "\n", HashLines(path), "\n", checkpoint);
  return bytes;
}

absl::StatusOr<Proof> Proof::Parse(std::string_view bytes) {
  Proof proof;
  std::string_view line;
  if (!TakeLine(&bytes, &line) || line != kFirstLine) {
    return Malformed("unknown first line", Quoted(line), kFirstLine);
  }
  if (!TakeLine(&bytes, &line)) return Malformed("ends before its index");
  constexpr std::string_view kExtra = "extra ";
  if (line.starts_with(kExtra)) {
    if (!DecodeStrictly(line.substr(kExtra.size()), &proof.extra)) {
      return Malformed("malformed extra data", Quoted(line), "base64");
    }
    if (!TakeLine(&bytes, &line)) return Malformed("ends before its index");
  }
  constexpr std::string_view kIndex = "index ";
  const std::string_view digits = line.starts_with(kIndex) ? line.substr(kIndex.size()) : "";
  if (!absl::SimpleAtoi(Absl(digits), &proof.index) || absl::StrCat(proof.index) != digits) {
    return Malformed("malformed index", Quoted(line), "index <decimal>");
  }
  WS_ASSIGN_OR_RETURN(proof.path, TakeHashLines(&bytes));
  proof.checkpoint = bytes;
  return proof;
}

}  // namespace waystation::tlog
