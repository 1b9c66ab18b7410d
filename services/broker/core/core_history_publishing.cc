#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "services/broker/core/core_history.h"

namespace waystation::broker {
namespace {

void SetTime(int64_t time_us, google::protobuf::Timestamp* time) {
  time->set_seconds(time_us / 1'000'000);
  time->set_nanos(static_cast<int32_t>(time_us % 1'000'000 * 1'000));
}

}  // namespace

bus::v1::Header CoreHistory::Start(const std::string& source) {
  bus::v1::Header header;
  header.set_id(FormatUuid(AnyId()));
  header.set_source(source);
  header.set_payload_size(Below(2000));
  if (Chance(40)) header.set_ordering_key(absl::StrCat("key", Below(2)));
  if (Chance(10))
    SetTime(now_us_ + static_cast<int64_t>(Below(90'000)), header.mutable_not_before());
  if (Chance(25)) {
    int64_t expire_us = now_us_ - 10'000 + static_cast<int64_t>(Below(500'000));
    SetTime(expire_us, header.mutable_expire_time());
  }
  return header;
}

void CoreHistory::AddRecipients(bus::v1::Header& header, uint64_t count) {
  for (const std::string& agency : kAgencies) {
    bool there = agency == header.source() ||
                 std::count(header.recipients().begin(), header.recipients().end(), agency) > 0;
    if (!there && count > 0 && Chance(60)) {
      header.add_recipients(agency);
      --count;
    }
  }
  if (header.recipients().empty()) header.add_recipients(header.source() == "ins" ? "doj" : "ins");
  if (Chance(2)) header.add_recipients("nobody");
}

Sent CoreHistory::Plain() {
  Sent sent{.header = Start(Any(kAgencies)), .bytes = "", .parent = {}, .replaces = {}};
  AddRecipients(sent.header, 1 + Below(3));
  return sent;
}

const NaiveReferral* CoreHistory::AnyReferral() {
  return naive_.referrals.empty() ? nullptr : &Any(naive_.referrals);
}

Sent CoreHistory::RequestMessage() {
  const NaiveReferral* other = AnyReferral();
  bool forward = other != nullptr && Chance(40);
  bool replace = other != nullptr && Chance(30);
  std::string source = Any(kAgencies);
  if (forward && Chance(80)) source = other->target;
  if (replace && Chance(80)) source = other->requester;
  Sent sent{.header = Start(source), .bytes = "", .parent = {}, .replaces = {}};
  AddRecipients(sent.header, 1 + Below(2));
  if (forward) sent.parent = Chance(95) ? other->id : AnyId();
  if (replace) sent.replaces = Chance(95) ? other->id : AnyId();
  bus::v1::ReferralHeader* step = sent.header.mutable_referral();
  ReferralId id = other != nullptr && Chance(5) ? other->id : AnyId();
  step->set_referral_id(std::string(AsBytes(id)));
  step->set_transition(types::v1::TRANSITION_REQUEST);
  step->set_scope_version(Chance(95) ? 1 : 2);
  step->set_expected_version(Chance(97) ? 0 : 1);
  return sent;
}

Transition CoreHistory::AnyTransition(const NaiveReferral& referral, bool by_target) {
  auto transition = static_cast<Transition>(Below(17));
  for (int i = 0; i < 30 && Chance(95); ++i) {
    if (NaiveBus::Next(referral, transition, by_target)) break;
    transition = static_cast<Transition>(Below(17));
  }
  return transition;
}

Sent CoreHistory::StepMessage() {
  const NaiveReferral* referral = AnyReferral();
  if (referral == nullptr || Chance(2)) return RequestMessage();
  bool by_target = Chance(65);
  std::string source = by_target ? referral->target : referral->requester;
  if (Chance(3)) source = Any(kAgencies);
  Sent sent{.header = Start(source), .bytes = "", .parent = {}, .replaces = {}};
  sent.header.add_recipients(by_target ? referral->requester : referral->target);
  if (Chance(3)) sent.header.set_recipients(0, Any(kAgencies));
  if (Chance(10)) AddRecipients(sent.header, 1);
  bus::v1::ReferralHeader* step = sent.header.mutable_referral();
  step->set_referral_id(std::string(AsBytes(Chance(98) ? referral->id : AnyId())));
  step->set_transition(AnyTransition(*referral, by_target));
  bool changes = step->transition() == types::v1::TRANSITION_CHANGE_SCOPE;
  step->set_scope_version(referral->scope + (changes ? 1 : 0) + (Chance(4) ? 1 : 0));
  step->set_expected_version(referral->version + (Chance(6) ? 1 : 0) - (Chance(6) ? 1 : 0));
  return sent;
}

void CoreHistory::Publish(Sent sent) {
  sent.bytes = sent.header.SerializeAsString();
  if (TryPublish(sent) == "OK") sent_.push_back(std::move(sent));
}

void CoreHistory::Again() {
  if (sent_.empty()) return;
  Sent sent = Any(sent_);
  if (Chance(50)) sent.bytes = "changed";
  TryPublish(sent);
}

std::string CoreHistory::TryPublish(const Sent& sent) {
  PublishCommand command;
  command.header = &sent.header;
  command.header_bytes = sent.bytes;
  command.envelope_hash = crypto::Sha256(sent.bytes);
  command.parent = sent.parent;
  command.replaces = sent.replaces;
  Record record;
  std::string outcome = Decide(command, sent.header.id(), record);
  std::string naive = naive_.Publish(command, core_.next_sequence(), now_us_);
  Same("publish", outcome, naive);
  if (outcome == "OK" && naive == "OK") Follow(std::move(record));
  return outcome;
}

std::string CoreHistory::Decide(const PublishCommand& command, const std::string& id,
                                Record& record) {
  std::optional<KnownMessage> known;
  for (const Sent& before : sent_) {
    if (before.header.id() == id) known = {1, crypto::Sha256(before.bytes)};
  }
  auto decided = DecidePublish(core_, command, known, now_us_, record.mutable_accepted());
  if (!decided.ok()) return Text(decided.status());
  return *decided == PublishDecision::kDuplicate ? "OK again" : "OK";
}

}  // namespace waystation::broker
