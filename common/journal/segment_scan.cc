#include "common/journal/segment_scan.h"

#include <limits>

#include "common/journal/block_index.h"
#include "common/journal/recovery.h"
#include "common/journal/segment_reads.h"
#include "common/journal/segment_store.h"
#include "common/status/status.h"

namespace waystation::journal {

absl::StatusOr<ScannedEnd> ScanDirectory(const std::string& directory,
                                         const Journal::BlockCallback& callback) {
  SegmentStore store(FileOps::System(), directory, Access::kReadOnly);
  WS_ASSIGN_OR_RETURN(const uint64_t segments, store.Count());
  if (segments == 0) {
    return absl::NotFoundError(Problem(directory, "no journal here", "", "segment files"));
  }
  // Only for the end and its torn block: the bytes before it are verified below, once.
  constexpr uint64_t kHeadersAlone = std::numeric_limits<uint64_t>::max();
  Recovery recovery(store, segments, kHeadersAlone, [](const BlockPlace&, const BlockHeader&) {});
  WS_ASSIGN_OR_RETURN(const Recovered found, recovery.Run());
  const BlockIndex::Entry start{
      .place = {.segment = 1, .sector = 1}, .number = 1, .first_sequence = kFirstSequence};
  WS_RETURN_IF_ERROR(ReadRange(store, start, found.head, 0, callback));
  return ScannedEnd{.head = found.head, .torn = found.torn_sectors > 0};
}

}  // namespace waystation::journal
