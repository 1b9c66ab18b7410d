#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct InboxOptions {
  std::string as;
  std::string unit;
  bool all = false;
};

void DeclareInbox(CLI::App& verb, InboxOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--unit", options.unit, "Only what this unit must do, e.g. doj/fbi");
  verb.add_flag("--all", options.all, "Also what waits for the other agency");
}

template <typename Request>
Request MakeRequest(const InboxOptions& options, const std::string& page_token) {
  Request request;
  request.set_unit(options.unit);
  request.set_include_waiting_for_others(options.all);
  request.set_page_token(page_token);
  return request;
}

using Items = std::vector<types::v1::InboxItem>;

// Reads every page. `call` asks for one.
template <typename Request, typename CallOne>
absl::StatusOr<Items> ReadItems(const InboxOptions& options, CallOne call) {
  Items items;
  std::string page_token;
  do {
    auto page = call(MakeRequest<Request>(options, page_token));
    if (!page.ok()) return page.status();
    items.insert(items.end(), page->items().begin(), page->items().end());
    page_token = page->next_page_token();
  } while (!page_token.empty());
  return items;
}

absl::StatusOr<Items> ReadInbox(Officer& officer, const InboxOptions& options) {
  if (officer.is_doj()) {
    return ReadItems<doj::v1::ListInboxRequest>(options, [&](const auto& request) {
      return officer.Doj(&doj::v1::DojService::Stub::ListInbox, request);
    });
  }
  return ReadItems<ins::v1::ListInboxRequest>(options, [&](const auto& request) {
    return officer.Ins(&ins::v1::InsService::Stub::ListInbox, request);
  });
}

Cell DueCell(const types::v1::InboxItem& item) {
  if (item.overdue()) return {"OVERDUE since " + TimeText(item.due_time()), Tone::kBad};
  if (!item.has_due_time()) return "";
  return TimeText(item.due_time());
}

// A move whose words do not name its verb says it.
std::string MoveText(const types::v1::InboxItem& item) {
  if (item.state() != types::v1::REFERRAL_STATE_CANCEL_ASKED) return item.next_move();
  return item.next_move() + ": " + AsTyped("waystation cancellation");
}

Table InboxTable(const Items& items, bool with_holder, absl::Time now) {
  Table table{{"REFERRAL", "STATE", "PERSON", "WAITS", "DUE"}, {}};
  // In one's own inbox every next move is one's own.
  if (with_holder) table.header.emplace_back("NEXT MOVE OF");
  table.header.emplace_back("WHAT TO DO");
  for (const types::v1::InboxItem& item : items) {
    std::vector<Cell> row = {
        FormatReferralId(item.referral_id()), Words(item.state()), item.person(),
        item.has_since() ? FormatAge(now - FromProto(item.since())) : "", DueCell(item)};
    if (with_holder) {
      row.emplace_back(item.next_move_unit().empty() ? item.next_move_agency()
                                                     : item.next_move_unit());
    }
    row.emplace_back(MoveText(item));
    table.rows.push_back(std::move(row));
  }
  return table;
}

absl::Status RunInbox(Session& session, const InboxOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(Items items, ReadInbox(officer, options));
  session.out.List(items, InboxTable(items, options.all, session.clock.Now()),
                   "nothing needs " + officer.staff().agency() + " now");
  return absl::OkStatus();
}

}  // namespace

void AddInboxVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<InboxOptions>(app, chosen, "inbox",
                        "What needs the officer's agency now: overdue first, then the longest wait",
                        DeclareInbox, RunInbox);
}

}  // namespace waystation::cli
