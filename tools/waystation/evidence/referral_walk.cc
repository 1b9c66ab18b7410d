#include "tools/waystation/evidence/referral_walk.h"

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using referral::Event;
using referral::EventName;
using referral::FindEdge;
using referral::Party;
using referral::PartyName;
using referral::StateName;

absl::Status Bad(std::string_view thing, std::string_view got, std::string_view want) {
  return Unverified(Problem(thing, "does not fit", got, want));
}

}  // namespace

Party ReferralWalk::PartyOf(const std::string& identity) const {
  if (identity == requester_) return Party::kRequester;
  return identity == target_ ? Party::kTarget : Party::kOther;
}

absl::Status ReferralWalk::Begin(const bus::v1::Header& header) {
  const bus::v1::ReferralHeader& step = header.referral();
  if (step.transition() != types::v1::TRANSITION_REQUEST) {
    return Bad("first step", Words(step.transition()), "request");
  }
  if (step.expected_version() != 0 || step.scope_version() != 1) {
    return Bad("request",
               absl::StrCat("version ", step.expected_version(), ", scope ", step.scope_version()),
               "version 0, scope 1");
  }
  requester_ = header.source();
  target_ = header.recipients(0);
  request_id_ = header.id();
  if (header.has_expire_time()) expire_us_ = absl::ToUnixMicros(FromProto(header.expire_time()));
  return absl::OkStatus();
}

absl::Status ReferralWalk::CheckStep(const bus::v1::Header& header, Event event,
                                     Party party) const {
  const bus::v1::ReferralHeader& step = header.referral();
  if (step.expected_version() != version_) {
    return Bad("expected version", absl::StrCat(step.expected_version()),
               absl::StrCat(version_, ", or a step is missing before it"));
  }
  const uint32_t scope = scope_version_ + (event == Event::kChangeScope ? 1 : 0);
  if (step.scope_version() != scope) {
    return Bad("scope version", absl::StrCat(step.scope_version()), absl::StrCat(scope));
  }
  const bool answers = event == Event::kScopeConfirmed || event == Event::kRetainedUnder;
  if (answers && !scope_unanswered_) return Bad("scope", "answered twice", "once");
  if (step.has_due_time() && party != Party::kRequester) {
    return Bad("due time", "set by the target", "set by the requester");
  }
  const std::string& other = party == Party::kRequester ? target_ : requester_;
  if (header.recipients(0) == other) return absl::OkStatus();
  return Bad("first recipient", Quoted(header.recipients(0)), Quoted(other));
}

void ReferralWalk::Move(const referral::Edge& edge) {
  standing_ = referral::Follow(standing_, edge);
  ++version_;
}

absl::Status ReferralWalk::Message(const bus::v1::Header& header) {
  const auto event = referral::EventOfMessage(header.referral().transition());
  if (!event.has_value()) return Bad("step", Words(header.referral().transition()), "a step");
  const bool first = version_ == 0;
  if (first) WS_RETURN_IF_ERROR(Begin(header));
  const Party party = PartyOf(header.source());
  const referral::Edge* edge = FindEdge(standing_.state, *event, party);
  if (edge == nullptr) {
    return Bad("step",
               absl::StrCat(Absl(EventName(*event)), " by ", Absl(PartyName(party)), " when ",
                            Absl(first ? "new" : StateName(standing_.state))),
               "a step of the table of referrals");
  }
  if (!first) WS_RETURN_IF_ERROR(CheckStep(header, *event, party));
  if (*event == Event::kChangeScope) scope_unanswered_ = true;
  if (*event == Event::kScopeConfirmed || *event == Event::kRetainedUnder) {
    scope_unanswered_ = false;
  }
  scope_version_ = header.referral().scope_version();
  Move(*edge);
  return absl::OkStatus();
}

bool ReferralWalk::Received(const std::string& recipient, const std::string& message_id) {
  if (recipient != target_ || message_id != request_id_) return false;
  const referral::Edge* edge = FindEdge(standing_.state, Event::kReceived, Party::kTarget);
  if (edge == nullptr) return false;
  Move(*edge);
  return true;
}

absl::Status ReferralWalk::Expired(int64_t time_us) {
  const referral::Edge* edge = FindEdge(standing_.state, Event::kExpire, Party::kBroker);
  if (edge == nullptr) {
    return Bad("expiry", Words(standing_.state), "a referral that nobody has taken up");
  }
  if (expire_us_ == 0 || time_us < expire_us_) {
    return Bad("expiry", TimeText(absl::FromUnixMicros(time_us)),
               expire_us_ == 0 ? "a request that has an expire time"
                               : "not before " + TimeText(absl::FromUnixMicros(expire_us_)));
  }
  Move(*edge);
  return absl::OkStatus();
}

}  // namespace waystation::cli
