#ifndef WAYSTATION_COMMON_AGENCY_MEMO_ROWS_H_
#define WAYSTATION_COMMON_AGENCY_MEMO_ROWS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/memo.h"
#include "common/agency/store.h"

// Table `memo`: memos that were made and wait until they can be sealed; from there
// they go to the outbox. Private to the runtime.

namespace waystation::agency {

absl::Status KeepMemo(Transaction& db, const MemoDraft& draft, absl::Time now);
// Memos that wait, the oldest of each recipient, at most `limit` for each. Errors:
// DATA_LOSS.
absl::StatusOr<std::vector<MemoDraft>> WaitingMemos(Transaction& db, int limit);
absl::Status DropMemo(Transaction& db, std::string_view message_id);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_MEMO_ROWS_H_
