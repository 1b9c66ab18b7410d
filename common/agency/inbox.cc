#include "common/agency/inbox.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/agency/page.h"
#include "common/agency/referral_rows.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

// Whether it waits in the inbox whatever its state.
bool NeedsReading(const ReferralView& view) {
  return view.unread || !view.problem.empty() || !view.notice.empty();
}

bool NeedsUs(const ReferralView& view) {
  if (NeedsReading(view)) return true;
  return view.we_are_target && !IsFinal(view.state);
}

bool Matches(const ReferralFilter& filter, const ReferralView& view) {
  if (view.we_are_target ? !filter.as_target : !filter.as_requester) return false;
  if (!filter.unit.empty() && filter.unit != view.our_unit) return false;
  // What names no unit is for whoever looks.
  if (filter.sees != nullptr && !view.our_unit.empty() && !filter.sees(view.our_unit)) return false;
  if (filter.ours_only && !NeedsUs(view)) return false;
  bool open = !IsFinal(view.state) || NeedsReading(view);
  if (filter.open_only && !open) return false;
  return filter.states.empty() ||
         std::find(filter.states.begin(), filter.states.end(), view.state) != filter.states.end();
}

std::string_view MoveOf(ReferralState state) {
  switch (state) {
    case types::v1::REFERRAL_STATE_REQUESTED:
      return "receive";
    case types::v1::REFERRAL_STATE_RECEIVED:
      return "take up, or return with a reason";
    case types::v1::REFERRAL_STATE_TAKEN_UP:
      return "answer, hold, or return with a reason";
    case types::v1::REFERRAL_STATE_ON_HOLD:
      return "resume, or return with a reason";
    case types::v1::REFERRAL_STATE_CANCEL_ASKED:
      return "confirm the cancellation, answer, or continue with a reason";
    default:
      return "";
  }
}

void SetNextMove(const ReferralView& view, types::v1::InboxItem& item) {
  const std::string& us = view.we_are_target ? view.target : view.requester;
  if (!view.problem.empty()) {
    item.set_next_move_agency(AgencyOf(us));
    item.set_next_move_unit(view.our_unit);
    item.set_next_move(absl::StrCat("look at a problem: ", view.problem));
  } else if (!view.notice.empty()) {
    item.set_next_move_agency(AgencyOf(us));
    item.set_next_move_unit(view.our_unit);
    item.set_next_move(absl::StrCat("read the notice: ", view.notice));
  } else if (view.unread) {
    item.set_next_move_agency(AgencyOf(us));
    item.set_next_move_unit(view.our_unit);
    item.set_next_move(absl::StrCat("read how it ended: ", Absl(StateName(view.state))));
  } else if (!IsFinal(view.state)) {
    item.set_next_move_agency(AgencyOf(view.target));
    item.set_next_move_unit(view.we_are_target ? view.our_unit : view.other_unit);
    item.set_next_move(std::string(MoveOf(view.state)));
  }
}

}  // namespace

types::v1::InboxItem ToInboxItem(const ReferralView& view, absl::Time now) {
  types::v1::InboxItem item;
  item.set_referral_id(view.referral_id);
  item.set_state(view.state);
  item.set_person(view.person);
  item.set_procedure(view.procedure);
  SetNextMove(view, item);
  const bool noticed = view.problem.empty() && view.notice_since.has_value();
  *item.mutable_since() = ToProtoTime(noticed ? *view.notice_since : view.since);
  if (view.due_time.has_value()) {
    *item.mutable_due_time() = ToProtoTime(*view.due_time);
    item.set_due_basis(view.due_basis);
    item.set_overdue(!IsFinal(view.state) && *view.due_time < now);
  }
  item.set_version(static_cast<int64_t>(view.version));
  return item;
}

absl::Status MarkOutcomeRead(std::string_view referral_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(referral_id));
  return view.unread ? tx.MarkRead(referral_id) : absl::OkStatus();
}

absl::StatusOr<InboxPage> ListInbox(Tx& tx, const ReferralFilter& filter, int page_size,
                                    std::string_view page_token) {
  WS_ASSIGN_OR_RETURN(PageAsked asked, ReadPage(page_size, page_token, 'i'));
  ReferralFilter open = filter;
  open.open_only = true;
  std::vector<types::v1::InboxItem> items;
  // Final states are numbered after the open ones (referral.proto).
  WS_RETURN_IF_ERROR(EachReferral(tx.db(), "WHERE state <= ? OR attention = 1",
                                  {static_cast<int64_t>(types::v1::REFERRAL_STATE_CANCEL_ASKED)},
                                  [&](ReferralRow row) {
                                    ReferralView view = ViewOf(row);
                                    if (Matches(open, view)) {
                                      items.push_back(ToInboxItem(view, tx.now()));
                                    }
                                    return absl::OkStatus();
                                  }));
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
    if (a.overdue() != b.overdue()) return a.overdue();
    return FromProtoTime(a.since()) < FromProtoTime(b.since());
  });
  InboxPage page;
  // The order may change between calls, so a token here counts items, not rows.
  size_t first = std::min(static_cast<size_t>(asked.before), items.size());
  size_t last = std::min(first + static_cast<size_t>(asked.size), items.size());
  for (size_t i = first; i < last; ++i) page.items.push_back(std::move(items[i]));
  if (last < items.size()) page.next_page_token = absl::StrCat("i", last);
  return page;
}

absl::StatusOr<ReferralPage> ListReferrals(Tx& tx, const ReferralFilter& filter, int page_size,
                                           std::string_view page_token) {
  WS_ASSIGN_OR_RETURN(PageAsked asked, ReadPage(page_size, page_token, 'r'));
  const size_t size = static_cast<size_t>(asked.size);
  const int64_t before = asked.before == 0 ? std::numeric_limits<int64_t>::max() : asked.before;
  ReferralPage page;
  int64_t last = 0;
  absl::Status full = absl::OutOfRangeError("page is full");
  absl::Status read = EachReferral(tx.db(), "WHERE position < ? ORDER BY position DESC", {before},
                                   [&](ReferralRow row) -> absl::Status {
                                     ReferralView view = ViewOf(row);
                                     if (!Matches(filter, view)) return absl::OkStatus();
                                     if (page.referrals.size() == size) return full;
                                     last = row.position;
                                     page.referrals.push_back(std::move(view));
                                     return absl::OkStatus();
                                   });
  if (read == full) {
    page.next_page_token = absl::StrCat("r", last);
    return page;
  }
  WS_RETURN_IF_ERROR(read);
  return page;
}

}  // namespace waystation::agency
