#ifndef WAYSTATION_COMMON_AGENCY_REFERRAL_ROWS_H_
#define WAYSTATION_COMMON_AGENCY_REFERRAL_ROWS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/handoff.h"
#include "common/agency/runtime.pb.h"
#include "common/agency/store.h"

// Table `referral`. Private to the runtime.

namespace waystation::agency {

// Where a referral stands, with its version.
struct Position {
  Standing standing;
  uint64_t version = 0;
  uint32_t scope = 1;
};

struct ReferralRow {
  int64_t position = 0;  // Order of arrival; 0: not stored yet.
  std::string referral_id;
  std::string requester;
  std::string target;
  bool we_are_target = false;
  Position bus;  // As the bus has it, as far as we know.
  Position own;  // With what we have queued on top.
  absl::Time since;
  std::optional<absl::Time> due;
  std::string gate;        // Newest message received; "" none.
  std::string chain_head;  // Newest queued message that `own` counts; "" none.
  bool attention = false;
  v1::StoredReferralDetail detail;

  const std::string& other() const { return we_are_target ? requester : target; }
};

// Takes a step that the bus has accepted into the bus's position, and drops what
// was queued on the old one. Steps older than what is known are ignored.
void AcceptStep(ReferralRow& row, Transition transition, uint64_t expected_version, uint32_t scope,
                absl::Time time);

absl::StatusOr<std::optional<ReferralRow>> FindReferral(Transaction& db, std::string_view id);
// Errors: NOT_FOUND (REFERRAL_UNKNOWN).
absl::StatusOr<ReferralRow> GetReferral(Transaction& db, std::string_view id);
// Inserts or replaces.
absl::Status SaveReferral(Transaction& db, const ReferralRow& row);

// Calls `each` for rows that match `where` (SQL after FROM referral).
absl::Status EachReferral(Transaction& db, std::string_view where, const std::vector<Value>& values,
                          const std::function<absl::Status(ReferralRow)>& each);

ReferralView ViewOf(const ReferralRow& row);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_REFERRAL_ROWS_H_
