#include "services/dol/call_view.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/agency/time_proto.h"
#include "common/procedures/doj.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "services/dol/call_table.h"
#include "services/dol/line_rules.h"

namespace waystation::dol {
namespace {

using agency::Tx;
using types::v1::InboxItem;

// Who holds the next move for the person, and whether something is to come of it.
struct Standing {
  InboxItem item;
  bool open = true;
};

Standing HeldBy(InboxItem item, std::string_view unit, std::string_view move, bool open) {
  item.set_next_move_agency(std::string(unit.substr(0, unit.find('/'))));
  item.set_next_move_unit(std::string(unit));
  item.set_next_move(std::string(move));
  return {std::move(item), open};
}

// How a call stands by one of its referrals. Until that has ended and was read,
// the referral itself says it.
Standing By(const v1::CallReferral& referral) {
  const InboxItem& item = referral.standing();
  if (!item.next_move().empty()) return {item, true};
  if (referral.has_complaint_outcome()) {
    const doj::v1::ComplaintOutcome& outcome = referral.complaint_outcome();
    if (outcome.kind() == doj::v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER) {
      return HeldBy(item, kComplaintLine, "tell the caller what DOJ advises, then close the call",
                    true);
    }
    return HeldBy(item, outcome.unit(), "investigate", false);
  }
  if (referral.has_child_outcome()) {
    if (referral.child_outcome().in_care()) {
      return HeldBy(item, procedures::kOrr, "care for the child", false);
    }
    return HeldBy(item, kComplaintLine, "tell the caller what HHS advises, then close the call",
                  true);
  }
  return HeldBy(item, kComplaintLine, "refer again with what was missing, or close the call", true);
}

Standing Unreferred(const v1::Call& call, absl::Time now) {
  InboxItem item;
  item.set_person(call.person());
  item.set_procedure("call");
  *item.mutable_since() = call.recorded_at();
  if (call.danger_now()) {
    const absl::Time due = agency::FromProtoTime(call.recorded_at()) + kDangerAnswerWithin;
    *item.mutable_due_time() = agency::ToProtoTime(due);
    item.set_due_basis(std::string(kEmergencyNeedsDanger.citation.section));
    item.set_overdue(due < now);
    return HeldBy(item, kComplaintLine, "refer the call now, on the emergency basis", true);
  }
  const bool informed = std::all_of(call.wishes().begin(), call.wishes().end(),
                                    [](int wish) { return wish == v1::CALLER_WISH_INFORMATION; });
  if (informed) return {std::move(item), false};
  const std::string_view move = call.treated_as_child()
                                    ? "refer the child to HHS, or close the call"
                                    : "record a consent and refer the call, or close it";
  return HeldBy(item, kComplaintLine, move, true);
}

// What the line must do comes first, then what it waits for.
Standing StandingOf(const v1::Call& call, absl::Time now) {
  std::vector<Standing> all;
  for (const procedures::Contract* door : {&procedures::Complaint(), &procedures::ChildToHhs()}) {
    const v1::CallReferral* latest = Latest(call, door->terms.name);
    if (latest != nullptr) all.push_back(By(*latest));
  }
  if (all.empty()) all.push_back(Unreferred(call, now));
  auto rank = [](const Standing& one) {
    return one.item.next_move_unit() == kComplaintLine ? 0 : one.open ? 1 : 2;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Standing& a, const Standing& b) { return rank(a) < rank(b); });
  Standing first = std::move(all.front());
  if (call.closed_because().empty()) return first;
  // Closed: nobody at the line has a move left, but a referral may be on its way.
  if (rank(first) != 0) return first;
  first.item.clear_next_move_agency();
  first.item.clear_next_move_unit();
  first.item.clear_next_move();
  return {std::move(first.item), false};
}

absl::Status FillReferrals(v1::Call& call, Tx& tx) {
  for (v1::CallReferral& one : *call.mutable_referrals()) {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(one.referral_id()));
    *one.mutable_standing() = agency::ToInboxItem(view, tx.now());
  }
  return absl::OkStatus();
}

absl::Status FillLinks(v1::Call& call, Tx& tx) {
  WS_ASSIGN_OR_RETURN(CallTable::Rows rows, CallTable(tx.db()).OfPerson(call.person()));
  for (const auto& [position, other] : rows) {
    if (other.call().call_id() == call.call_id()) continue;
    call.add_linked_call_ids(other.call().call_id());
  }
  return absl::OkStatus();
}

bool IsBlank(const std::string& text) { return absl::StripAsciiWhitespace(text).empty(); }

}  // namespace

std::string MissingIn(const types::v1::SafeContactPlan& plan) {
  std::vector<std::string> missing;
  if (IsBlank(plan.way())) missing.emplace_back("way");
  if (IsBlank(plan.hours())) missing.emplace_back("hours");
  if (IsBlank(plan.if_somebody_else_answers())) missing.emplace_back("if_somebody_else_answers");
  return absl::StrJoin(missing, ", ");
}

const v1::CallReferral* Latest(const v1::Call& call, std::string_view procedure) {
  for (int i = call.referrals_size() - 1; i >= 0; --i) {
    if (call.referrals(i).procedure() == procedure) return &call.referrals(i);
  }
  return nullptr;
}

absl::StatusOr<bool> IsChild(const v1::Call& call, Tx& tx) {
  const absl::CivilDay today = agency::DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::PersonAge age, agency::ToAge(call.age(), today));
  return statute::TreatedAsChild(age, today);
}

absl::StatusOr<v1::Call> ShowCall(const record::StoredCall& stored, Tx& tx) {
  v1::Call call = stored.call();
  WS_ASSIGN_OR_RETURN(bool child, IsChild(call, tx));
  call.set_treated_as_child(child);
  call.set_safe_contact_in_force(InForce(call.safe_contact()));
  if (call.danger_now()) {
    for (std::string_view step : kDoNow) call.add_do_now(std::string(step));
  }
  WS_RETURN_IF_ERROR(FillLinks(call, tx));
  WS_RETURN_IF_ERROR(FillReferrals(call, tx));
  Standing standing = StandingOf(call, tx.now());
  *call.mutable_standing() = std::move(standing.item);
  call.set_open(standing.open);
  return call;
}

absl::StatusOr<v1::Call> ShowInList(const record::StoredCall& stored, Tx& tx) {
  WS_ASSIGN_OR_RETURN(v1::Call call, ShowCall(stored, tx));
  call.clear_circumstances();
  call.clear_do_now();
  call.clear_safe_contact();
  call.clear_call_backs();
  return call;
}

}  // namespace waystation::dol
