#include "common/handoffs/test_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/handoffs/signature_judge.h"
#include "common/status/status.h"

namespace waystation::handoffs {
namespace {

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t micros = absl::ToUnixMicros(time);
  proto.set_seconds(micros / 1'000'000);
  proto.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  return proto;
}

template <typename Entries>
audit::v1::HandoffEntry& Find(Entries& entries, const std::string& id, bool received) {
  auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.message_id() == id && entry.has_received() == received;
  });
  WS_CHECK(found != entries.end());
  return *found;
}

}  // namespace

TestLog::TestLog(absl::Time start) : now_(start) {
  for (const char* agency : {"doj", "ins", "hhs"}) {
    signers_.emplace(IdentityOf(agency), bus_.Enroll(absl::StrCat("/agency/", agency)));
    indexes_[IdentityOf(agency)];
  }
}

std::string TestLog::IdentityOf(std::string_view agency) {
  return evidence::TestBus::Identity(absl::StrCat("/agency/", Absl(agency)));
}

journal::v1::Record& TestLog::Add() {
  now_ += absl::Microseconds(1);
  journal::v1::Record& record = records_.emplace_back();
  record.set_sequence(records_.size());
  record.set_time_us(absl::ToUnixMicros(now_));
  return record;
}

void TestLog::Append(journal::v1::Record record) {
  journal::v1::Record& added = Add();
  record.set_sequence(added.sequence());
  record.set_time_us(added.time_us());
  added = std::move(record);
}

audit::v1::HandoffEntry& TestLog::AddEntry(const std::string& agency, const std::string& id,
                                           const std::string& peer, bool received) {
  std::vector<audit::v1::HandoffEntry>& entries = indexes_[agency];
  const auto same = std::count_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.has_received() == received;
  });
  audit::v1::HandoffEntry& entry = entries.emplace_back();
  entry.set_position(static_cast<uint64_t>(same) + 1);
  entry.set_message_id(id);
  entry.set_envelope_hash(messages_[id].envelope_hash);
  entry.set_peer(peer);
  *entry.mutable_time() = ToProto(now_);
  return entry;
}

std::string TestLog::Send(const std::string& from, const std::string& to,
                          const std::string& referral, types::v1::Transition transition,
                          const Options& options) {
  bus::v1::Header header =
      evidence::TestHeader("/agency/" + from, "/agency/" + to, ++messages_sent_, "payload");
  header.set_source(IdentityOf(from));
  header.clear_recipients();
  header.add_recipients(IdentityOf(to));
  header.set_ordering_key(referral);
  header.mutable_referral()->set_referral_id(referral);
  header.mutable_referral()->set_transition(transition);
  if (options.due) *header.mutable_referral()->mutable_due_time() = ToProto(*options.due);
  journal::v1::Record& record = Add();
  journal::v1::Accepted& accepted = *record.mutable_accepted();
  accepted.set_header(header.SerializeAsString());
  accepted.set_envelope_hash(
      std::string(crypto::AsBytes(evidence::EnvelopeHash(accepted.header()))));
  accepted.set_parent_referral_id(options.parent);
  messages_[header.id()] = {IdentityOf(from), IdentityOf(to), accepted.envelope_hash(),
                            record.sequence()};
  audit::v1::HandoffEntry& entry = AddEntry(IdentityOf(from), header.id(), IdentityOf(to), false);
  entry.mutable_accepted()->set_sequence(record.sequence());
  *entry.mutable_accepted()->mutable_accept_time() = ToProto(now_);
  return header.id();
}

void TestLog::Receive(const std::string& id, bus::v1::DeliveryOutcome outcome) {
  const Message& message = messages_.at(id);
  journal::v1::Record& leased = Add();
  leased.mutable_leased()->set_queue(message.to);
  leased.mutable_leased()->add_sequences(message.sequence);
  audit::v1::HandoffEntry& entry = AddEntry(message.to, id, message.from, true);
  entry.mutable_received()->set_outcome(outcome);
  entry.mutable_received()->set_attempt(1);
  bus::v1::DeliveryReceipt receipt;
  receipt.set_message_id(id);
  receipt.set_envelope_hash(message.envelope_hash);
  receipt.set_recipient(message.to);
  receipt.set_outcome(outcome);
  receipt.set_attempt(1);
  *receipt.mutable_time() = entry.time();
  auto batch = signers_.at(message.to).SignReceipts({receipt.SerializeAsString()}, now_);
  WS_CHECK(batch.ok());
  journal::v1::Delivered& delivered = *Add().mutable_delivered();
  delivered.set_queue(message.to);
  delivered.set_statement(batch->statement());
  delivered.set_signature(batch->signature());
  delivered.set_certificate_sha256(batch->certificate_sha256());
  *delivered.mutable_receipts() = batch->receipts();
  delivered.add_sequences(message.sequence);
}

std::vector<std::string> TestLog::Answered(const std::string& from, const std::string& to,
                                           const std::string& referral) {
  std::vector<std::string> ids = {Send(from, to, referral, types::v1::TRANSITION_REQUEST)};
  Receive(ids.back());
  for (types::v1::Transition step : {types::v1::TRANSITION_TAKE_UP, types::v1::TRANSITION_ANSWER}) {
    ids.push_back(Send(to, from, referral, step));
    Receive(ids.back());
  }
  return ids;
}

audit::v1::HandoffEntry& TestLog::Sent(const std::string& agency, const std::string& id) {
  return Find(index(agency), id, false);
}

audit::v1::HandoffEntry& TestLog::Received(const std::string& agency, const std::string& id) {
  return Find(index(agency), id, true);
}

journal::v1::Record& TestLog::AcceptedOf(const std::string& id) {
  return records_.at(messages_.at(id).sequence - 1);
}

journal::v1::Record& TestLog::DeliveredOf(const std::string& id) {
  const uint64_t sequence = messages_.at(id).sequence;
  auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& record) {
    return record.has_delivered() && record.delivered().sequences(0) == sequence;
  });
  WS_CHECK(found != records_.end());
  return *found;
}

HandoffLog TestLog::Fold() {
  SignatureJudge judge(bus_.View(), bus_.Trust());
  HandoffLog log([&](const bus::v1::ReceiptBatch& batch, std::string_view signer, absl::Time) {
    // The keys of the test's authority are of its own time.
    return judge.Receipts(batch, signer, evidence::TestBus::Now());
  });
  for (const journal::v1::Record& record : records_) {
    if (record.sequence() == 0) continue;
    absl::Status taken = log.Take(record);
    if (!taken.ok()) Fatal(taken.ToString());
  }
  return log;
}

std::vector<AgencyIndex> TestLog::Indexes() const {
  std::vector<AgencyIndex> indexes;
  for (const auto& [agency, entries] : indexes_) indexes.push_back({agency, entries});
  return indexes;
}

std::vector<Difference> TestLog::Compared(const Asked& asked) {
  return Compare(Indexes(), Fold(), asked);
}

std::vector<std::string> TestLog::Differences(const Asked& asked) {
  std::vector<std::string> found;
  for (const Difference& each : Compared(asked)) {
    std::string ids;
    for (const std::string& id : each.message_ids)
      absl::StrAppend(&ids, ids.empty() ? "" : ",", id);
    found.push_back(absl::StrCat(Absl(NameOf(each.kind)), " ", ids));
  }
  return found;
}

}  // namespace waystation::handoffs
