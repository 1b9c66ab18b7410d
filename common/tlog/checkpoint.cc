#include "common/tlog/checkpoint.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::tlog {
namespace {

absl::Status Malformed(std::string_view problem, std::string_view got = {},
                       std::string_view want = {}) {
  return absl::InvalidArgumentError(Problem("checkpoint", problem, got, want));
}

}  // namespace

std::string Checkpoint::ToText() const {
  return absl::StrCat(origin, "\n", size, "\n", absl::Base64Escape(Absl(crypto::AsBytes(root))),
                      "\n");
}

absl::StatusOr<Checkpoint> Checkpoint::FromText(std::string_view text) {
  std::array<std::string_view, 3> lines;
  for (std::string_view& line : lines) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || end == 0) return Malformed("want three lines");
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) return Malformed("has extension lines", Quoted(text), "none");
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  if (!absl::SimpleAtoi(Absl(lines[1]), &checkpoint.size) ||
      absl::StrCat(checkpoint.size) != lines[1]) {
    return Malformed("malformed size", Quoted(lines[1]), "a decimal number");
  }
  std::string root;
  std::optional<merkle::Digest> digest;
  if (absl::Base64Unescape(Absl(lines[2]), &root)) digest = crypto::DigestFrom(root);
  if (!digest.has_value() || absl::Base64Escape(root) != lines[2]) {
    return Malformed("malformed root", Quoted(lines[2]), "base64 of 32 bytes");
  }
  checkpoint.root = *digest;
  return checkpoint;
}

absl::StatusOr<SignedCheckpoint> OpenCheckpoint(std::string_view bytes,
                                                const std::vector<VerifierKey>& log_keys) {
  SignedCheckpoint opened;
  WS_ASSIGN_OR_RETURN(opened.note, Note::Parse(bytes));
  bool is_signed = false;
  for (const VerifierKey& key : log_keys) {
    absl::Status verified = key.VerifyNote(opened.note);
    if (verified.ok()) is_signed = true;
    if (!verified.ok() && !absl::IsNotFound(verified)) return verified;
  }
  if (!is_signed) {
    return absl::UnauthenticatedError(Problem("checkpoint", "not signed by a key of the log"));
  }
  WS_ASSIGN_OR_RETURN(opened.checkpoint, Checkpoint::FromText(opened.note.text));
  if (opened.checkpoint.origin != log_keys.front().name()) {
    return Malformed("another log's", Quoted(opened.checkpoint.origin), log_keys.front().name());
  }
  return opened;
}

}  // namespace waystation::tlog
