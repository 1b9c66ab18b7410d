#ifndef WAYSTATION_COMMON_AGENCY_INBOX_H_
#define WAYSTATION_COMMON_AGENCY_INBOX_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/time_proto.h"
#include "waystation/types/v1/inbox.pb.h"

// What an officer sees: referrals, and who must do what.

namespace waystation::agency {

// Which referrals to list.
struct ReferralFilter {
  std::vector<ReferralState> states = {};  // Empty: all.
  bool open_only = false;
  bool ours_only = false;  // Only where the next move is ours.
  std::string unit = {};   // Only of this unit of ours; empty: all.
  // Only of units of ours that this lets through; null: all.
  std::function<bool(const std::string& unit)> sees = {};
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

// Marks as read how a referral ended, after an officer saw it: it leaves the
// inbox. One with a problem stays there. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
absl::Status MarkOutcomeRead(std::string_view referral_id, Tx& tx);

// Fills state, version and due time of a procedure's own record, as the referral
// has them. `Record` is a wire message with these fields.
template <typename Record>
void FillHandoff(const ReferralView& view, Record& record) {
  record.set_state(view.state);
  record.set_version(static_cast<int64_t>(view.version));
  if (!view.due_time.has_value()) return;
  *record.mutable_due_time() = ToProtoTime(*view.due_time);
  record.set_due_basis(view.due_basis);
}

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_INBOX_H_
