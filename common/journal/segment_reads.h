#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_READS_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_READS_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/journal/block_index.h"
#include "common/journal/journal.h"
#include "common/journal/segment_store.h"

namespace waystation::journal {

// Reads the blocks that Journal::ReadBlocks owes for `from_sequence`, walking
// from `start` to `end`. Touches no byte behind `end`, so it runs beside
// appends.
absl::Status ReadRange(SegmentStore& store, const BlockIndex::Entry& start, const Head& end,
                       uint64_t from_sequence, const Journal::BlockCallback& callback);

// Reads one payload. The locator may be any 24 bytes.
absl::StatusOr<std::string> ReadPayload(SegmentStore& store, const Head& end,
                                        const PayloadLocator& locator);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_READS_H_
