#include "services/broker/core/ledger.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

using referral::EventName;
using referral::EventOfMessage;
using referral::FindEdge;
using referral::PartyName;

// The range of google.protobuf.Timestamp: the years 1 to 9999.
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;

absl::Status Illegal(ReferralState state, Event event, Party actor) {
  return Refusal(
      absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
      Problem("referral", "no such step",
              absl::StrCat("event \"", Absl(EventName(event)), "\" by ", Absl(PartyName(actor)),
                           " in state \"", Absl(StateName(state)), "\""),
              "an edge of the referral table"));
}

absl::Status LinkInvalid(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kFailedPrecondition, "LINK_INVALID",
                 Problem("referral link", problem, got, want));
}

absl::Status StaleVersion(uint64_t got, std::string_view want) {
  return Refusal(absl::StatusCode::kAborted, "STALE_VERSION",
                 Problem("referral", "stale version", absl::StrCat(got), want));
}

absl::Status ScopeProblem(uint32_t got, uint32_t want) {
  return Refusal(absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION",
                 Problem("referral scope", "wrong version", absl::StrCat(got), absl::StrCat(want)));
}

absl::Status CheckScope(const Referral& referral, Event event, uint32_t got) {
  uint32_t want = referral.scope_version + (event == Event::kChangeScope ? 1 : 0);
  if (got != want) return ScopeProblem(got, want);
  bool answers = event == Event::kScopeConfirmed || event == Event::kRetainedUnder;
  if (answers && !referral.scope_unanswered) {
    return Refusal(
        absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION",
        Problem("referral scope", "already answered", EventName(event), "a change of scope first"));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t Micros(const google::protobuf::Timestamp& time) {
  int64_t seconds = std::clamp(time.seconds(), kTimestampSecondsMin, kTimestampSecondsMax);
  return seconds * 1'000'000 + time.nanos() / 1'000;
}

std::optional<ReferralId> ReferralIdFrom(std::string_view bytes) {
  ReferralId id;
  if (bytes.size() != id.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

absl::Status UnknownReferral(std::string_view id) {
  const std::string got = ReferralIdFrom(id).has_value() ? absl::BytesToHexString(Absl(id))
                                                         : absl::StrCat(id.size(), " bytes");
  return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_REFERRAL",
                 Problem("referral", "not found among the referrals of this identity", got,
                         "the referral_id of one of them"));
}

Party PartyOf(const Referral& referral, std::string_view identity) {
  if (identity == referral.requester) return Party::kRequester;
  if (identity == referral.target) return Party::kTarget;
  return Party::kOther;
}

std::string NextMove(const Referral& referral) {
  return IsFinal(referral.state) ? "" : referral.target;
}

absl::Status Ledger::Check(const TransitionCommand& command) const {
  const bus::v1::ReferralHeader& step = command.header->referral();
  std::optional<Event> event = EventOfMessage(step.transition());
  if (!event.has_value()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "ILLEGAL_TRANSITION",
                   Problem("referral", "not a step that a message may take",
                           absl::StrCat(static_cast<int>(step.transition())),
                           "a transition that a message may carry"));
  }
  if (*event == Event::kRequest) return CheckRequest(command);
  std::optional<ReferralId> id = ReferralIdFrom(step.referral_id());
  const Referral* referral = id.has_value() ? Find(*id) : nullptr;
  if (referral == nullptr) return UnknownReferral(step.referral_id());
  return CheckStep(*referral, *event, *command.header);
}

absl::Status Ledger::CheckRequest(const TransitionCommand& command) const {
  const bus::v1::ReferralHeader& step = command.header->referral();
  std::optional<ReferralId> id = ReferralIdFrom(step.referral_id());
  if (!id.has_value()) return UnknownReferral(step.referral_id());
  if (const Referral* present = Find(*id); present != nullptr) {
    // A stranger who guesses a handle learns no more than its owner tells.
    Party party = PartyOf(*present, command.header->source());
    if (party != Party::kOther) return Illegal(present->state, Event::kRequest, party);
    return Refusal(absl::StatusCode::kAlreadyExists, "REFERRAL_EXISTS",
                   Problem("referral", "this referral_id is taken",
                           absl::BytesToHexString(step.referral_id()), "16 fresh random bytes"));
  }
  if (step.expected_version() != 0) {
    return StaleVersion(step.expected_version(), "0 for a request");
  }
  if (step.scope_version() != 1) return ScopeProblem(step.scope_version(), 1);
  return CheckLinks(command);
}

absl::Status Ledger::CheckLinks(const TransitionCommand& command) const {
  const std::string& source = command.header->source();
  if (command.parent.has_value()) {
    const Referral* parent = Find(*command.parent);
    if (parent == nullptr) {
      return LinkInvalid("unknown parent", "no referral_id of this bus", "that of a referral");
    }
    Party party = PartyOf(*parent, source);
    if (party == Party::kOther) {
      return LinkInvalid("the sender is no party to the parent", Quoted(source),
                         "its requester or its target");
    }
    if (FindEdge(parent->state, Event::kForward, party) == nullptr) {
      return Illegal(parent->state, Event::kForward, party);
    }
  }
  if (command.replaces.has_value()) {
    const Referral* old = Find(*command.replaces);
    if (old == nullptr || old->requester != source) {
      return LinkInvalid("the sender is not the requester of the replaced referral", Quoted(source),
                         "its requester");
    }
    bool ended = old->state == types::v1::REFERRAL_STATE_RETURNED ||
                 old->state == types::v1::REFERRAL_STATE_EXPIRED;
    if (!ended) {
      return LinkInvalid("the replaced referral has not ended", StateName(old->state),
                         "returned or expired");
    }
  }
  return absl::OkStatus();
}

absl::Status Ledger::CheckStep(const Referral& referral, Event event,
                               const bus::v1::Header& header) const {
  Party party = PartyOf(referral, header.source());
  if (party == Party::kOther) {
    return Refusal(absl::StatusCode::kPermissionDenied, "NOT_A_PARTY",
                   Problem("referral", "the sender is no party to it", Quoted(header.source()),
                           "its requester or its target"));
  }
  const bus::v1::ReferralHeader& step = header.referral();
  if (step.expected_version() != referral.version) {
    return StaleVersion(
        step.expected_version(),
        absl::StrCat(referral.version, " (state \"", Absl(StateName(referral.state)), "\")"));
  }
  if (FindEdge(referral.state, event, party) == nullptr) {
    return Illegal(referral.state, event, party);
  }
  if (step.has_due_time() && party != Party::kRequester) {
    return Refusal(absl::StatusCode::kInvalidArgument, "TIME_INVALID",
                   Problem("due_time", "not this party's to set", PartyName(party),
                           PartyName(Party::kRequester)));
  }
  WS_RETURN_IF_ERROR(CheckScope(referral, event, step.scope_version()));
  const std::string& other = party == Party::kRequester ? referral.target : referral.requester;
  if (header.recipients(0) != other) {
    return Refusal(absl::StatusCode::kInvalidArgument, "RECIPIENTS_INVALID",
                   Problem("recipients", "the first is not the referral's other party",
                           Quoted(header.recipients(0)), Quoted(other)));
  }
  return absl::OkStatus();
}

bool Ledger::ApplyMessage(const TransitionCommand& command, uint64_t sequence, int64_t time_us) {
  const bus::v1::Header& header = *command.header;
  const bus::v1::ReferralHeader& step = header.referral();
  std::optional<ReferralId> id = ReferralIdFrom(step.referral_id());
  std::optional<Event> event = EventOfMessage(step.transition());
  if (!id.has_value() || !event.has_value()) return false;
  if (*event != Event::kRequest && Find(*id) == nullptr) return false;
  auto [it, fresh] = referrals_.try_emplace(*id);
  Referral& referral = it->second;
  // Replayed over a newer projection.
  if (!fresh && referral.last_sequence >= sequence) return true;
  if (fresh) {
    referral.id = *id;
    const Referral* parent = command.parent.has_value() ? Find(*command.parent) : nullptr;
    referral.root = parent != nullptr ? parent->root : *id;
    referral.requester = header.source();
    referral.target = header.recipients(0);
    referral.requested_us = time_us;
    referral.request_sequence = sequence;
    referral.expire_us = header.has_expire_time() ? Micros(header.expire_time()) : 0;
  }
  const Edge* edge = FindEdge(referral.state, *event, PartyOf(referral, header.source()));
  if (edge == nullptr) return false;
  if (*event == Event::kChangeScope) referral.scope_unanswered = true;
  if (*event == Event::kScopeConfirmed || *event == Event::kRetainedUnder) {
    referral.scope_unanswered = false;
  }
  referral.scope_version = step.scope_version();
  if (step.has_due_time()) referral.due_us = Micros(step.due_time());
  Move(referral, *edge, sequence, time_us);
  return true;
}

bool Ledger::ApplyReceived(const ReferralId& id, uint64_t sequence, int64_t time_us) {
  auto it = referrals_.find(id);
  if (it == referrals_.end() || it->second.last_sequence >= sequence) return false;
  const Edge* edge = FindEdge(it->second.state, Event::kReceived, Party::kTarget);
  if (edge == nullptr) return false;
  Move(it->second, *edge, sequence, time_us);
  return true;
}

std::optional<ReferralId> Ledger::ApplyExpired(uint64_t request_sequence, uint64_t sequence,
                                               int64_t time_us) {
  auto found = by_request_.find(request_sequence);
  if (found == by_request_.end()) return std::nullopt;
  Referral& referral = referrals_.at(found->second);
  const Edge* edge = FindEdge(referral.state, Event::kExpire, Party::kBroker);
  if (edge == nullptr) return std::nullopt;
  Move(referral, *edge, sequence, time_us);
  return referral.id;
}

void Ledger::Move(Referral& referral, const Edge& edge, uint64_t sequence, int64_t time_us) {
  Untrack(referral);
  referral::Standing next = referral::Follow({referral.state, referral.former}, edge);
  if (next.state != referral.state) referral.since_us = time_us;
  referral.state = next.state;
  referral.former = next.former;
  ++referral.version;
  referral.last_sequence = sequence;
  Track(referral);
}

void Ledger::Track(const Referral& referral) {
  bool may_expire = FindEdge(referral.state, Event::kExpire, Party::kBroker) != nullptr;
  if (referral.expire_us == 0 || !may_expire) return;
  by_request_[referral.request_sequence] = referral.id;
  expiries_.emplace(referral.expire_us, referral.request_sequence);
}

void Ledger::Untrack(const Referral& referral) {
  by_request_.erase(referral.request_sequence);
  expiries_.erase({referral.expire_us, referral.request_sequence});
}

std::vector<uint64_t> Ledger::PickExpired(int64_t now_us, size_t count_max) const {
  std::vector<uint64_t> expired;
  for (const auto& [expire_us, request_sequence] : expiries_) {
    if (expire_us > now_us || expired.size() >= count_max) break;
    expired.push_back(request_sequence);
  }
  return expired;
}

int64_t Ledger::NextExpiryUs() const {
  return expiries_.empty() ? std::numeric_limits<int64_t>::max() : expiries_.begin()->first;
}

const Referral* Ledger::Find(const ReferralId& id) const {
  auto it = referrals_.find(id);
  return it == referrals_.end() ? nullptr : &it->second;
}

void Ledger::Restore(Referral referral) {
  auto it = referrals_.find(referral.id);
  if (it != referrals_.end() && it->second.last_sequence >= referral.last_sequence) return;
  if (it != referrals_.end()) Untrack(it->second);
  ReferralId id = referral.id;
  Track(referrals_.insert_or_assign(id, std::move(referral)).first->second);
}

void Ledger::Evict(const ReferralId& id) {
  auto it = referrals_.find(id);
  if (it != referrals_.end() && IsFinal(it->second.state)) referrals_.erase(it);
}

}  // namespace waystation::broker
