#include "services/audit/rules/referral_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using referral::Event;
using referral::Party;
using v1::ReferralRow;

Party PartyOf(const ReferralRow& row, std::string_view identity) {
  if (identity == row.requester()) return Party::kRequester;
  if (identity == row.target()) return Party::kTarget;
  return Party::kOther;
}

int64_t Micros(const google::protobuf::Timestamp& time) {
  return absl::ToUnixMicros(agency::FromProtoTime(time));
}

std::string EndedBy(Event event) {
  return absl::StrCat("ended by the record: ", Absl(referral::EventName(event)));
}

}  // namespace

void ReferralWatch::OnAccepted(const bus::v1::Header& header, uint64_t sequence, int64_t time_us,
                               const std::string& broker, Conclusions* out) {
  const std::string& id = header.referral().referral_id();
  const std::optional<Event> event = referral::EventOfMessage(header.referral().transition());
  const ReferralRow* row = rows_.Find(id);
  if (!event.has_value() || (row == nullptr && *event != Event::kRequest)) return;
  const Step step{*event, sequence, time_us};
  if (row == nullptr) return OnRequest(header, step);
  const referral::Edge* edge =
      referral::FindEdge(row->state(), *event, PartyOf(*row, header.source()));
  if (edge == nullptr || header.referral().expected_version() != row->version()) {
    return RaiseImpossible(header, *row, step, broker, out);
  }
  ReferralRow& changed = rows_.Change(id);
  if (header.referral().has_due_time()) changed.set_due_us(Micros(header.referral().due_time()));
  OnScope(id, changed, step, out);
  Move(id, *edge, step, out);
}

void ReferralWatch::OnRequest(const bus::v1::Header& header, const Step& step) {
  const std::string& id = header.referral().referral_id();
  ReferralRow& row = rows_.Change(id);
  row.set_requester(header.source());
  row.set_target(header.recipients(0));
  row.set_state(types::v1::REFERRAL_STATE_REQUESTED);
  row.set_version(1);
  row.set_since_us(step.time_us);
  row.set_request_sequence(step.sequence);
  if (header.referral().has_due_time()) row.set_due_us(Micros(header.referral().due_time()));
  by_request_[step.sequence] = id;
  timers_.Set(id, NextUs(row));
}

void ReferralWatch::OnScope(const std::string& id, ReferralRow& row, const Step& step,
                            Conclusions* out) {
  if (step.event == Event::kChangeScope) {
    // The time runs from the first change that stands unanswered.
    if (row.scope_us() == 0) row.set_scope_us(step.time_us);
    row.set_scope_sequence(step.sequence);
  }
  const bool ends = step.event == Event::kScopeConfirmed || step.event == Event::kRetainedUnder ||
                    step.event == Event::kEnteredInError;
  if (!ends || row.scope_us() == 0) return;
  if (row.scope_found()) {
    out->End(Rule::kScopeUnconfirmed, id, step.time_us, EndedBy(step.event), step.sequence);
  }
  row.set_scope_us(0);
  row.set_scope_found(false);
}

void ReferralWatch::RaiseImpossible(const bus::v1::Header& header, const ReferralRow& row,
                                    const Step& step, const std::string& broker, Conclusions* out) {
  const std::string& id = header.referral().referral_id();
  FindingChange change = About(id, row, Rule::kImpossibleStep, step.time_us);
  change.parties.push_back(broker);
  change.sequences = {step.sequence};
  change.detail = absl::StrCat(Absl(referral::EventName(step.event)), " by ",
                               Quoted(header.source()), " on version ",
                               header.referral().expected_version(), ", want an edge from state ",
                               Absl(referral::StateName(row.state())), " version ", row.version());
  out->Raise(std::move(change));
}

void ReferralWatch::OnReceived(const std::string& referral_id, uint64_t sequence, int64_t time_us,
                               Conclusions* out) {
  const ReferralRow* row = rows_.Find(referral_id);
  if (row == nullptr) return;
  // A receipt behind the take-up changes nothing.
  const referral::Edge* edge = referral::FindEdge(row->state(), Event::kReceived, Party::kTarget);
  if (edge == nullptr) return;
  rows_.Change(referral_id).set_received_sequence(sequence);
  Move(referral_id, *edge, {Event::kReceived, sequence, time_us}, out);
}

void ReferralWatch::OnExpired(uint64_t request_sequence, uint64_t sequence, int64_t time_us,
                              Conclusions* out) {
  auto found = by_request_.find(request_sequence);
  if (found == by_request_.end()) return;
  const std::string id = found->second;
  const referral::Edge* edge =
      referral::FindEdge(rows_.Find(id)->state(), Event::kExpire, Party::kBroker);
  if (edge != nullptr) Move(id, *edge, {Event::kExpire, sequence, time_us}, out);
}

void ReferralWatch::Move(const std::string& id, const referral::Edge& edge, const Step& step,
                         Conclusions* out) {
  ReferralRow& row = rows_.Change(id);
  const referral::Standing next = referral::Follow({row.state(), row.former()}, edge);
  if (next.state != row.state()) row.set_since_us(step.time_us);
  row.set_state(next.state);
  row.set_former(next.former);
  row.set_version(row.version() + 1);
  Settle(id, step, out);
}

void ReferralWatch::Settle(const std::string& id, const Step& step, Conclusions* out) {
  ReferralRow& row = rows_.Change(id);
  const bool final = referral::IsFinal(row.state());
  if (row.overdue_found() && (final || row.due_us() >= step.time_us)) {
    out->End(Rule::kOverdue, id, step.time_us,
             final ? EndedBy(step.event) : "ended by the record: a later due time was set",
             step.sequence);
    row.set_overdue_found(false);
  }
  if (row.no_next_step_found() && row.state() != types::v1::REFERRAL_STATE_RECEIVED) {
    out->End(Rule::kNoNextStep, id, step.time_us, EndedBy(step.event), step.sequence);
    row.set_no_next_step_found(false);
  }
  if (!final || row.scope_us() != 0) return timers_.Set(id, NextUs(row));
  timers_.Set(id, Timers::kNever);
  by_request_.erase(row.request_sequence());
  rows_.Erase(id);
}

int64_t ReferralWatch::NextUs(const ReferralRow& row) const {
  int64_t next = Timers::kNever;
  const bool final = referral::IsFinal(row.state());
  if (!final && row.due_us() != 0 && !row.overdue_found()) next = row.due_us();
  if (row.state() == types::v1::REFERRAL_STATE_RECEIVED && !row.no_next_step_found()) {
    next = std::min(next, row.since_us() + rules_.AfterUs(Rule::kNoNextStep));
  }
  if (row.scope_us() != 0 && !row.scope_found()) {
    next = std::min(next, row.scope_us() + rules_.AfterUs(Rule::kScopeUnconfirmed));
  }
  return next;
}

void ReferralWatch::OnTime(int64_t now_us, Conclusions* out) {
  for (const std::string& id : timers_.TakeDue(now_us)) Judge(id, now_us, out);
}

FindingChange ReferralWatch::About(const std::string& id, const ReferralRow& row, Rule rule,
                                   int64_t now_us) const {
  return {.rule = rule,
          .subject = id,
          .time_us = now_us,
          .referral_id = id,
          .parties = {row.requester(), row.target()},
          .sequences = {row.request_sequence()}};
}

void ReferralWatch::Judge(const std::string& id, int64_t now_us, Conclusions* out) {
  ReferralRow& row = rows_.Change(id);
  const std::string state(referral::StateName(row.state()));
  if (!row.overdue_found() && !referral::IsFinal(row.state()) && row.due_us() != 0 &&
      row.due_us() < now_us) {
    FindingChange change = About(id, row, Rule::kOverdue, now_us);
    change.detail =
        absl::StrCat("state ", state, "; due ",
                     absl::FormatTime("%Y-%m-%d %H:%M:%SZ", absl::FromUnixMicros(row.due_us()),
                                      absl::UTCTimeZone()));
    out->Raise(std::move(change));
    row.set_overdue_found(true);
  }
  if (!row.no_next_step_found() && row.state() == types::v1::REFERRAL_STATE_RECEIVED &&
      row.since_us() + rules_.AfterUs(Rule::kNoNextStep) < now_us) {
    FindingChange change = About(id, row, Rule::kNoNextStep, now_us);
    change.sequences.push_back(row.received_sequence());
    change.detail = "state received: nobody has taken it up or returned it";
    out->Raise(std::move(change));
    row.set_no_next_step_found(true);
  }
  if (!row.scope_found() && row.scope_us() != 0 &&
      row.scope_us() + rules_.AfterUs(Rule::kScopeUnconfirmed) < now_us) {
    FindingChange change = About(id, row, Rule::kScopeUnconfirmed, now_us);
    change.sequences.push_back(row.scope_sequence());
    change.detail = "the target has neither confirmed nor named an authority to retain";
    out->Raise(std::move(change));
    row.set_scope_found(true);
  }
  timers_.Set(id, NextUs(row));
}

absl::Status ReferralWatch::Restore(const std::string& key, const std::string& bytes) {
  WS_RETURN_IF_ERROR(rows_.Restore(key, bytes));
  const ReferralRow& row = *rows_.Find(key);
  by_request_[row.request_sequence()] = key;
  timers_.Set(key, NextUs(row));
  return absl::OkStatus();
}

}  // namespace waystation::audit
