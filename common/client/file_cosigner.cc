#include "common/client/file_cosigner.h"

#include "common/config/file.h"
#include "common/tlog/note.h"

namespace waystation::client {

absl::StatusOr<std::optional<std::string>> FileCosigner::Latest() {
  absl::StatusOr<std::string> note = config::ReadFile(path_, tlog::kNoteBytesMax);
  if (absl::IsNotFound(note.status())) return std::nullopt;
  if (!note.ok()) return note.status();
  return *std::move(note);
}

absl::Status FileCosigner::Keep(const std::string& note) {
  return config::WriteFileDurably(path_, note);
}

}  // namespace waystation::client
