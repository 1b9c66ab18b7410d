#include "common/client/file_cosigner.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"
#include "common/tlog/note.h"

namespace waystation::client {
namespace {

constexpr size_t kAsideBytes = 8;

absl::StatusOr<std::optional<std::string>> ReadNote(const std::string& path) {
  absl::StatusOr<std::string> note = config::ReadFile(path, tlog::kNoteBytesMax);
  if (absl::IsNotFound(note.status())) return std::nullopt;
  if (!note.ok()) return note.status();
  return *std::move(note);
}

// A checkpoint begins with its log. What is damaged is nobody's, and the cosigner
// refuses it.
std::string OriginOf(const std::string& note) { return note.substr(0, note.find('\n')); }

}  // namespace

std::string FileCosigner::AsidePath(const std::string& origin) const {
  const crypto::Digest digest = crypto::Sha256(origin);
  return absl::StrCat(path_, ".", crypto::Hex(crypto::AsBytes(digest).substr(0, kAsideBytes)));
}

absl::StatusOr<std::optional<std::string>> FileCosigner::Latest() {
  WS_ASSIGN_OR_RETURN(std::optional<std::string> note, ReadNote(path_));
  // What is no whole note may be ours, damaged: then the cosigner refuses.
  const bool is_other =
      note.has_value() && OriginOf(*note) != origin_ && tlog::Note::Parse(*note).ok();
  return is_other ? ReadNote(AsidePath(origin_)) : note;
}

absl::Status FileCosigner::PutFormerAside() {
  WS_ASSIGN_OR_RETURN(std::optional<std::string> note, ReadNote(path_));
  if (note.has_value() && OriginOf(*note) != origin_) {
    WS_RETURN_IF_ERROR(config::WriteFileDurably(AsidePath(OriginOf(*note)), *note));
  }
  former_aside_ = true;
  return absl::OkStatus();
}

absl::Status FileCosigner::Keep(const std::string& note) {
  if (!former_aside_) WS_RETURN_IF_ERROR(PutFormerAside());
  return config::WriteFileDurably(path_, note);
}

}  // namespace waystation::client
