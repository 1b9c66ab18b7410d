#ifndef WAYSTATION_COMMON_AGENCY_INBOX_H_
#define WAYSTATION_COMMON_AGENCY_INBOX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/identity_text.h"
#include "waystation/types/v1/inbox.pb.h"

// What an officer sees: referrals, and who must do what.

namespace waystation::agency {

// Which referrals to list.
struct ReferralFilter {
  std::vector<ReferralState> states = {};  // Empty: all.
  bool open_only = false;
  bool ours_only = false;  // Only where the next move is ours.
  std::string unit = {};   // Only of this unit of ours; empty: all.
  bool as_target = true;
  bool as_requester = true;
};

struct InboxPage {
  std::vector<types::v1::InboxItem> items;
  std::string next_page_token;
};

// What needs this agency now: overdue first, then the longest waiting. A
// referral with a problem is listed whatever its state. `page_size` 0 means 50,
// at most 200. Errors: INVALID_ARGUMENT (PAGE_TOKEN_INVALID, PAGE_SIZE_INVALID).
absl::StatusOr<InboxPage> ListInbox(Tx& tx, const ReferralFilter& filter, int page_size,
                                    std::string_view page_token);

struct ReferralPage {
  std::vector<ReferralView> referrals;
  std::string next_page_token;
};

// Referrals, newest first. Errors: as above.
absl::StatusOr<ReferralPage> ListReferrals(Tx& tx, const ReferralFilter& filter, int page_size,
                                           std::string_view page_token);

// How one referral stands in an inbox at `now`.
types::v1::InboxItem ToInboxItem(const ReferralView& referral, absl::Time now);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_INBOX_H_
