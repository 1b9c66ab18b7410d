#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_JOURNAL_COPY_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_JOURNAL_COPY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace waystation::cli {

// A copy of a broker's journal, in a folder of its own with a configuration for
// a broker that reads it and nobody else's: another port, no projections, no
// tiles. The journal itself is only ever read. The folder goes with this object.
//
//   WS_ASSIGN_OR_RETURN(auto copy, JournalCopy::Make("/bus"));
//   WS_RETURN_IF_ERROR(copy.FlipNewestByte());
//
// Single-threaded: the command.
class JournalCopy {
 public:
  // Whether `data_dir` is the folder of a bus whose broker runs here.
  static bool CanCopy(const std::string& data_dir);

  // Errors: FAILED_PRECONDITION a file cannot be read or written, or the bus
  // never rests.
  static absl::StatusOr<JournalCopy> Make(const std::string& data_dir);
  ~JournalCopy();
  JournalCopy(JournalCopy&& other) noexcept;
  JournalCopy& operator=(JournalCopy&&) = delete;

  // Flips the lowest bit of one byte in the newest block; again puts it back.
  absl::Status FlipNewestByte();

  std::string ConfigPath() const { return dir_ + "/config.textproto"; }
  std::string LogPath() const { return dir_ + "/broker.log"; }
  // The altered file's name and the place in it.
  const std::string& segment() const { return segment_; }
  uint64_t at() const { return at_; }

 private:
  explicit JournalCopy(std::string dir) : dir_(std::move(dir)) {}

  absl::Status CopyFiles(const std::string& data_dir);
  absl::Status WriteConfig(const std::string& data_dir);
  absl::Status CopyLogKey(std::string_view line) const;
  absl::Status FindNewestByte();

  std::string dir_;
  std::string segment_;
  uint64_t at_ = 0;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_JOURNAL_COPY_H_
