#ifndef WAYSTATION_COMMON_AGENCY_HANDOFF_INDEX_H_
#define WAYSTATION_COMMON_AGENCY_HANDOFF_INDEX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "waystation/audit/v1/index_service.pb.h"

namespace waystation::agency {

// A page of what the runtime's tables say of every message that was queued and
// every one that came.
struct HandoffRows {
  std::vector<audit::v1::HandoffEntry> entries;
  std::string next_page_token;  // "" on the last page.
};

// Reads a page: what was sent, oldest first, and then what was received. 0 as
// `page_size` means 1,000. Thread-safe.
// Errors: INVALID_ARGUMENT (PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID); of the store.
absl::StatusOr<HandoffRows> ListHandoffs(Transaction& db, int page_size,
                                         std::string_view page_token);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_HANDOFF_INDEX_H_
