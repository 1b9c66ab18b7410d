#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "services/broker/core/core_history.h"

namespace waystation::broker {

void CoreHistory::Lease() {
  LeaseCommand command;
  command.queue = Any(kAgencies);
  command.client_id = "c";
  command.credit = {.messages = static_cast<uint32_t>(Below(8)), .bytes = Below(8000)};
  command.ack_deadline_us = static_cast<int64_t>(1 + Below(60'000));
  command.count_max = 1 + Below(8);
  Record record;
  bool any = DecideLease(core_, command, now_us_, record.mutable_leased());
  const auto& picked = record.leased().sequences();
  std::vector<uint64_t> want = naive_.Lease(command, now_us_);
  Same("lease", absl::StrJoin(picked, " "), absl::StrJoin(want, " "));
  EXPECT_EQ(any, !want.empty());
  if (any) Follow(std::move(record));
}

const NaiveMessage* CoreHistory::AnyMessage(const std::string& queue, bool leased) {
  std::vector<const NaiveMessage*> fit;
  for (const NaiveMessage& message : naive_.queues[queue]) {
    if (message.leased == leased) fit.push_back(&message);
  }
  return fit.empty() ? nullptr : Any(fit);
}

ReceiptView CoreHistory::AnyReceipt(const std::string& queue) {
  const NaiveMessage* message = AnyMessage(queue, Chance(85));
  if (message == nullptr || Chance(4)) return {.id = AnyId(), .envelope_hash = {}, .attempt = 1};
  ReceiptView receipt{
      .id = message->id, .envelope_hash = message->hash, .attempt = message->attempt};
  if (Chance(5)) receipt.envelope_hash[3] ^= 1;
  if (Chance(15)) receipt.attempt = static_cast<uint32_t>(Below(5));
  return receipt;
}

void CoreHistory::Receipts() {
  std::string queue = Any(kAgencies);
  std::vector<ReceiptView> receipts;
  for (uint64_t i = 1 + Below(6); i > 0; --i) {
    bool doubled = !receipts.empty() && Chance(10);
    receipts.push_back(doubled ? Any(receipts) : AnyReceipt(queue));
  }
  if (Chance(2)) queue = "nobody";
  auto judged = DecideReceipts(core_, queue, receipts);
  std::vector<std::string> want = naive_.Receipts(queue, receipts, now_us_);
  ASSERT_EQ(judged.size(), want.size());
  Record record;
  record.mutable_delivered()->set_queue(queue);
  for (size_t i = 0; i < judged.size(); ++i) {
    Same("receipt", judged[i].ok() ? absl::StrCat("OK ", *judged[i]) : Text(judged[i].status()),
         want[i]);
    record.mutable_delivered()->add_sequences(judged[i].value_or(0));
  }
  Follow(std::move(record));
}

ClaimedRetries CoreHistory::ClaimsOf(const journal::v1::GivenBack& given_back) {
  ClaimedRetries claims;
  for (int i = 0; i < given_back.sequences_size(); ++i) {
    claims[{given_back.queue(), given_back.sequences(i)}] = given_back.retry_us(i);
  }
  return claims;
}

void CoreHistory::Nack() {
  std::string queue = Any(kAgencies);
  ReceiptView which = AnyReceipt(queue);
  NackCommand command{.id = which.id,
                      .attempt = which.attempt,
                      .reason = absl::StrCat("R", Below(3)),
                      .retry_delay_us = std::nullopt};
  if (Chance(30)) command.retry_delay_us = static_cast<int64_t>(Below(100'000)) - 20'000;
  if (Chance(1)) command.retry_delay_us = INT64_MAX;
  Record record;
  absl::Status status = DecideNack(core_, queue, command, now_us_, record.mutable_given_back());
  ClaimedRetries claims = ClaimsOf(record.given_back());
  Same("nack", Text(status), naive_.Nack(queue, command, claims, now_us_));
  if (status.ok()) Follow(std::move(record));
}

void CoreHistory::Extend() {
  std::string queue = Any(kAgencies);
  ReceiptView which = AnyReceipt(queue);
  int64_t deadline_us = now_us_ + static_cast<int64_t>(Below(90'000));
  Record record;
  absl::Status status = DecideExtend(core_, queue, which.id, which.attempt, deadline_us,
                                     record.mutable_lease_extended());
  Same("extend", Text(status), naive_.Extend(queue, which.id, which.attempt, deadline_us));
  if (status.ok()) Follow(std::move(record));
}

void CoreHistory::StreamClosed() {
  std::string queue = Any(kAgencies);
  std::vector<uint64_t> sequences;
  for (const NaiveMessage& message : naive_.queues[queue]) {
    if (Chance(60)) sequences.push_back(message.sequence);
    if (Chance(5)) sequences.push_back(message.sequence);
  }
  sequences.push_back(core_.next_sequence() + 5);
  Record record;
  bool any = DecideStreamClosed(core_, queue, sequences, now_us_, record.mutable_given_back());
  naive_.StreamClosed(queue, sequences, now_us_);
  Note("stream closed", any ? "held" : "empty");
  if (any) Follow(std::move(record));
}

void CoreHistory::EpochOpened() {
  Record record;
  record.mutable_epoch_opened()->set_epoch(core_.epoch() + 1);
  Follow(std::move(record));
  naive_.EpochOpened();
}

void CoreHistory::Redrive() {
  std::string queue = Chance(95) ? Any(kAgencies) : "nobody";
  std::vector<MessageId> ids;
  for (uint64_t i = Below(4); i > 0; --i) {
    const NaiveMessage* message = AnyMessage(queue, false);
    if (message != nullptr) ids.insert(ids.end(), 1 + Below(2), message->id);
  }
  if (queue == "nobody") naive_.queues.erase(queue);  // AnyMessage looked it up.
  if (Chance(5)) ids.push_back(AnyId());
  Record record;
  absl::Status status = DecideRedrive(core_, queue, ids, "operator", record.mutable_redriven());
  Same("redrive", Text(status), naive_.Redrive(queue, ids));
  if (status.ok()) Follow(std::move(record));
}

std::string CoreHistory::FactOf(const Record& record) {
  if (record.has_given_back()) {
    return absl::StrCat("late ", record.given_back().queue(), " ",
                        absl::StrJoin(record.given_back().sequences(), " "));
  }
  if (record.expired().queue().empty())
    return absl::StrCat("expired ", record.expired().sequence());
  return absl::StrCat("gone ", record.expired().queue(), " ", record.expired().sequence());
}

void CoreHistory::Tick(size_t count_max) {
  std::vector<Record> decided = DecideTick(core_, now_us_, count_max);
  std::vector<std::string> facts;
  ClaimedRetries claims;
  for (const Record& record : decided) {
    facts.push_back(FactOf(record));
    Note("tick", facts.back().substr(0, facts.back().find(' ')));
    claims.merge(ClaimsOf(record.given_back()));
  }
  EXPECT_EQ(absl::StrJoin(facts, "\n"),
            absl::StrJoin(naive_.Tick(claims, now_us_, count_max), "\n"));
  for (Record& record : decided) Follow(std::move(record));
}

}  // namespace waystation::broker
