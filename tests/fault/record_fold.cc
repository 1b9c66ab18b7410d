#include "tests/fault/record_fold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::harness {
namespace {

constexpr size_t kProblemsMax = 100;

}  // namespace

void RecordFold::Check(bool holds, std::string problem) {
  if (!holds && problems_.size() < kProblemsMax) problems_.push_back(std::move(problem));
}

void RecordFold::Take(const journal::v1::Record& record) {
  Check(record.sequence() == last_sequence_ + 1,
        absl::StrCat("record ", record.sequence(), " after ", last_sequence_));
  last_sequence_ = record.sequence();
  if (record.has_accepted()) TakeAccepted(record.sequence(), record.accepted());
  if (record.has_leased()) TakeLeased(record.leased());
  if (record.has_delivered()) TakeDelivered(record.delivered());
  if (record.has_given_back()) TakeGivenBack(record.given_back());
  if (record.has_epoch_opened() && record.epoch_opened().epoch() > 1) {
    under_way_at_kills_.push_back(messages_.size() - delivered_.all());
  }
  if (record.has_refused()) {
    const journal::v1::Refused& refused = record.refused();
    refusals_[absl::StrCat(refused.stage(), " ", refused.reason())] += refused.count();
  }
  Check(!record.has_expired(), absl::StrCat("record ", record.sequence(), ": expired"));
  Check(!record.has_redriven(), absl::StrCat("record ", record.sequence(), ": redriven"));
}

void RecordFold::TakeAccepted(uint64_t sequence, const journal::v1::Accepted& accepted) {
  bus::v1::Header header;
  bool sound = header.ParseFromString(accepted.header()) && header.recipients_size() == 1 &&
               header.has_referral() == (header.type() == "waystation.case.v1") &&
               header.has_referral() == !header.ordering_key().empty();
  Check(sound, absl::StrCat("record ", sequence, ": neither a step of a referral nor a memo"));
  Check(ids_.insert(header.id()).second, absl::StrCat("accepted twice: ", header.id()));
  if (!sound) return;
  Message message;
  message.referral_id = header.referral().referral_id();
  message.queue = header.recipients(0);
  message.line = absl::StrCat(message.queue, " ", header.source(), " ", header.ordering_key());
  message.transition = header.referral().transition();
  // Memos have no order.
  if (message.is_memo()) message.line = absl::StrCat("memo ", sequence);
  lines_[message.line].push_back(sequence);
  accepted_.Add(message);
  if (!message.is_memo()) {
    Step(message.referral_id, message.transition, header.referral().expected_version());
  }
  messages_.emplace(sequence, std::move(message));
}

void RecordFold::Step(const std::string& referral_id, types::v1::Transition transition,
                      uint64_t expected_version) {
  std::vector<types::v1::Transition>& steps = steps_[referral_id];
  const std::string what = absl::StrCat(types::v1::Transition_Name(transition), " of referral ",
                                        crypto::Hex(referral_id));
  // The version is the number of steps, so one that comes twice or too early
  // cannot count on the present one.
  Check(steps.size() == expected_version,
        absl::StrCat(what, ": on version ", expected_version, ", want ", steps.size()));
  Check(std::find(steps.begin(), steps.end(), transition) == steps.end(),
        absl::StrCat(what, ": a second time"));
  steps.push_back(transition);
}

RecordFold::Message* RecordFold::Movable(std::string_view step, const std::string& queue,
                                         uint64_t sequence) {
  auto found = messages_.find(sequence);
  const std::string what = absl::StrCat(Absl(step), " ", sequence);
  if (found == messages_.end()) {
    Check(false, what + ": never accepted");
    return nullptr;
  }
  Message& message = found->second;
  Check(message.queue == queue, what + ": of another queue");
  Check(!message.delivered, what + ": after its receipt");
  std::deque<uint64_t>& line = lines_[message.line];
  Check(message.delivered || line.front() == sequence, what + ": out of the order of its key");
  return message.delivered ? nullptr : &message;
}

void RecordFold::TakeLeased(const journal::v1::Leased& leased) {
  for (uint64_t sequence : leased.sequences()) {
    Message* message = Movable("lease", leased.queue(), sequence);
    if (message != nullptr && ++message->leases > 1) ++redelivered_;
  }
}

void RecordFold::TakeDelivered(const journal::v1::Delivered& delivered) {
  for (uint64_t sequence : delivered.sequences()) {
    if (sequence == 0) continue;  // A receipt that was sent again.
    Message* message = Movable("receipt", delivered.queue(), sequence);
    if (message == nullptr) continue;
    std::deque<uint64_t>& line = lines_[message->line];
    if (line.front() == sequence) line.pop_front();
    message->delivered = true;
    delivered_.Add(*message);
    if (message->transition == types::v1::TRANSITION_REQUEST) {
      Step(message->referral_id, types::v1::TRANSITION_RECEIVED, 1);
    }
  }
}

void RecordFold::TakeGivenBack(const journal::v1::GivenBack& given_back) {
  for (int i = 0; i < given_back.sequences_size(); ++i) {
    Movable("give back", given_back.queue(), given_back.sequences(i));
    Check(i < given_back.retry_us_size() && given_back.retry_us(i) != 0,
          absl::StrCat("dead letter: ", given_back.sequences(i), ", ", given_back.reason()));
  }
}

}  // namespace waystation::harness
