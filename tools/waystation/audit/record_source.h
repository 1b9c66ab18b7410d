#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_RECORD_SOURCE_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_RECORD_SOURCE_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "tools/waystation/connect.h"

namespace waystation::cli {

// Where a journal's records come from, in order from the first.
//
// Single-threaded: the command.
class RecordSource {
 public:
  // Returns an error to stop. `Enough()` stops without being one.
  using OnRecord = std::function<absl::Status(std::string_view record)>;

  virtual ~RecordSource() = default;
  // May be called again: begins at the first record each time. Errors: the
  // callback's first; the source's, DATA_LOSS naming block and byte.
  virtual absl::Status ForEach(const OnRecord& on_record) = 0;
  // Whether a block was begun behind the last one and is not whole.
  virtual bool torn() const { return false; }

  static absl::Status Enough() { return absl::CancelledError("enough"); }
};

// The journal in a folder or in a copy of one; every byte and the chain of its
// blocks are verified on the way, and nothing is written.
class FolderRecords : public RecordSource {
 public:
  explicit FolderRecords(std::string directory) : directory_(std::move(directory)) {}

  absl::Status ForEach(const OnRecord& on_record) override;
  bool torn() const override { return torn_; }

 private:
  const std::string directory_;
  bool torn_ = false;
};

// The records that a broker streams to an auditor. Goes on for ever: the callback
// stops it.
class StreamedRecords : public RecordSource {
 public:
  explicit StreamedRecords(Remote broker) : broker_(std::move(broker)) {}

  absl::Status ForEach(const OnRecord& on_record) override;

 private:
  const Remote broker_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_RECORD_SOURCE_H_
