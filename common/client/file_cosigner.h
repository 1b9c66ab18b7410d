#ifndef WAYSTATION_COMMON_CLIENT_FILE_COSIGNER_H_
#define WAYSTATION_COMMON_CLIENT_FILE_COSIGNER_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tlog/cosigner.h"

namespace waystation::client {

// Keeps the checkpoint that a cosigner signed last in one small file, mode 0600,
// replaced whole and synced. One file for each key, and never an older copy of
// it: the key would sign a second history.
//
// When one log takes the place of another, the former's file is put aside as
// `<path>.<16 hex digits of its origin>` and is taken up again if that log is: a
// cosigner never forgets what it signed.
//
// Two processes with one file are for the caller to exclude; an agency does by the
// lock of the database beside it.
// Thread-compatible.
class FileCosigner : public tlog::CosignerStore {
 public:
  // The folder must be there; the file is made by the first `Keep`. `origin` is
  // the log's.
  FileCosigner(std::string path, std::string origin)
      : path_(std::move(path)), origin_(std::move(origin)) {}

  // Errors: as config::ReadFile.
  absl::StatusOr<std::optional<std::string>> Latest() override;
  // Errors: as config::WriteFileDurably.
  absl::Status Keep(const std::string& note) override;

 private:
  std::string AsidePath(const std::string& origin) const;
  absl::Status PutFormerAside();

  const std::string path_;
  const std::string origin_;
  bool former_aside_ = false;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_FILE_COSIGNER_H_
