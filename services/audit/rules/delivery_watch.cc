#include "services/audit/rules/delivery_watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using v1::DeliveryRow;

constexpr size_t kSequenceBytes = 8;
constexpr std::string_view kContentChanged = "CONTENT_CHANGED";

// Big-endian, so that rows are in the order of the record.
std::string KeyOf(uint64_t sequence, std::string_view queue) {
  std::string key(kSequenceBytes, '\0');
  for (size_t i = 0; i < kSequenceBytes; ++i) {
    key[kSequenceBytes - 1 - i] = static_cast<char>(sequence >> (8 * i));
  }
  return key.append(queue);
}

uint64_t SequenceOf(std::string_view key) {
  uint64_t sequence = 0;
  for (size_t i = 0; i < kSequenceBytes; ++i) {
    sequence = sequence << 8 | static_cast<unsigned char>(key[i]);
  }
  return sequence;
}

std::string QueueOf(std::string_view key) { return std::string(key.substr(kSequenceBytes)); }

}  // namespace

void DeliveryWatch::OnAccepted(const bus::v1::Header& header, uint64_t sequence) {
  const bool is_request = header.referral().transition() == types::v1::TRANSITION_REQUEST;
  for (int i = 0; i < header.recipients_size(); ++i) {
    DeliveryRow& row = rows_.Change(KeyOf(sequence, header.recipients(i)));
    row.set_source(header.source());
    row.set_referral_id(header.referral().referral_id());
    // The first recipient of a request is its target; others get a copy.
    row.set_is_request(is_request && i == 0);
  }
}

void DeliveryWatch::OnLeased(const journal::v1::Leased& leased, uint64_t sequence,
                             int64_t time_us) {
  for (uint64_t message : leased.sequences()) {
    const std::string key = KeyOf(message, leased.queue());
    const DeliveryRow* row = rows_.Find(key);
    // The time runs from the first lease: a message that comes back again and
    // again has no receipt either.
    if (row == nullptr || row->leased_us() != 0) continue;
    DeliveryRow& changed = rows_.Change(key);
    changed.set_leased_us(time_us);
    changed.set_leased_sequence(sequence);
    timers_.Set(key, time_us + rules_.AfterUs(Rule::kNoReceipt));
  }
}

std::vector<std::string> DeliveryWatch::OnDelivered(const journal::v1::Delivered& delivered,
                                                    uint64_t sequence, int64_t time_us,
                                                    Conclusions* out) {
  std::vector<std::string> received;
  for (uint64_t message : delivered.sequences()) {
    if (message == 0) continue;
    const std::string key = KeyOf(message, delivered.queue());
    const DeliveryRow* row = rows_.Find(key);
    if (row == nullptr) continue;
    if (row->is_request()) received.push_back(row->referral_id());
    EndAll(key, sequence, time_us, "ended by the record: the delivery receipt came", out);
    Forget(key);
  }
  return received;
}

void DeliveryWatch::OnGivenBack(const journal::v1::GivenBack& given_back, uint64_t sequence,
                                int64_t time_us, Conclusions* out) {
  for (int i = 0; i < given_back.sequences_size(); ++i) {
    const std::string key = KeyOf(given_back.sequences(i), given_back.queue());
    const DeliveryRow* row = rows_.Find(key);
    if (row == nullptr) continue;
    if (given_back.reason() == kContentChanged) {
      FindingChange change = About(key, *row, Rule::kContentChanged, time_us);
      change.sequences.push_back(sequence);
      change.detail = absl::StrCat("the receiver had the id of message ", SequenceOf(key),
                                   " with another content before");
      out->Raise(std::move(change));
    }
    const bool dead = i < given_back.retry_us_size() && given_back.retry_us(i) == 0;
    if (!dead || row->dead()) continue;
    EndNoReceipt(key, sequence, time_us, "ended by the record: it is a dead letter", out);
    FindingChange change = About(key, *row, Rule::kDeadLetter, time_us);
    change.sequences.push_back(sequence);
    change.detail =
        absl::StrCat("message ", SequenceOf(key), ", last reason ", Quoted(given_back.reason()));
    out->Raise(std::move(change));
    rows_.Change(key).set_dead(true);
    timers_.Set(key, Timers::kNever);
  }
}

void DeliveryWatch::OnRedriven(const journal::v1::Redriven& redriven, uint64_t sequence,
                               int64_t time_us, Conclusions* out) {
  for (uint64_t message : redriven.sequences()) {
    const std::string key = KeyOf(message, redriven.queue());
    if (rows_.Find(key) == nullptr) continue;
    EndAll(key, sequence, time_us,
           absl::StrCat("ended by the record: redriven by ", Quoted(redriven.operator_())), out);
    DeliveryRow& row = rows_.Change(key);
    row.set_leased_us(0);
    row.set_leased_sequence(0);
  }
}

void DeliveryWatch::OnExpired(const journal::v1::Expired& expired, uint64_t sequence,
                              int64_t time_us, Conclusions* out) {
  const std::string key = KeyOf(expired.sequence(), expired.queue());
  if (rows_.Find(key) == nullptr) return;
  EndAll(key, sequence, time_us, "ended by the record: the message expired", out);
  Forget(key);
}

void DeliveryWatch::OnTime(int64_t now_us, Conclusions* out) {
  for (const std::string& key : timers_.TakeDue(now_us)) {
    DeliveryRow& row = rows_.Change(key);
    FindingChange change = About(key, row, Rule::kNoReceipt, now_us);
    change.sequences.push_back(row.leased_sequence());
    change.detail = absl::StrCat("message ", SequenceOf(key), " is with ", QueueOf(key));
    out->Raise(std::move(change));
    row.set_no_receipt_found(true);
  }
}

void DeliveryWatch::EndNoReceipt(const std::string& key, uint64_t sequence, int64_t time_us,
                                 const std::string& why, Conclusions* out) {
  if (!rows_.Find(key)->no_receipt_found()) return;
  out->End(Rule::kNoReceipt, key, time_us, why, sequence);
  rows_.Change(key).set_no_receipt_found(false);
}

void DeliveryWatch::EndAll(const std::string& key, uint64_t sequence, int64_t time_us,
                           const std::string& why, Conclusions* out) {
  EndNoReceipt(key, sequence, time_us, why, out);
  if (!rows_.Find(key)->dead()) return;
  out->End(Rule::kDeadLetter, key, time_us, why, sequence);
  rows_.Change(key).set_dead(false);
}

void DeliveryWatch::Forget(const std::string& key) {
  timers_.Set(key, Timers::kNever);
  rows_.Erase(key);
}

FindingChange DeliveryWatch::About(const std::string& key, const DeliveryRow& row, Rule rule,
                                   int64_t time_us) const {
  return {.rule = rule,
          .subject = key,
          .time_us = time_us,
          .referral_id = row.referral_id(),
          .parties = {row.source(), QueueOf(key)},
          .sequences = {SequenceOf(key)}};
}

absl::Status DeliveryWatch::Restore(const std::string& key, const std::string& bytes) {
  WS_RETURN_IF_ERROR(rows_.Restore(key, bytes));
  if (key.size() <= kSequenceBytes) {
    return absl::DataLossError("audit store: a delivery row has no queue");
  }
  const DeliveryRow& row = *rows_.Find(key);
  const bool waits = row.leased_us() != 0 && !row.no_receipt_found() && !row.dead();
  timers_.Set(key, waits ? row.leased_us() + rules_.AfterUs(Rule::kNoReceipt) : Timers::kNever);
  return absl::OkStatus();
}

}  // namespace waystation::audit
