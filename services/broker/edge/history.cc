#include "services/broker/edge/history.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

// Takes one receipt out of its batch, as evidence that stands alone.
absl::StatusOr<bus::v1::SignedReceipt> ReceiptFrom(const journal::v1::Delivered& delivered,
                                                   uint32_t index) {
  if (index >= static_cast<uint32_t>(delivered.receipts_size())) {
    return absl::DataLossError("delivered record: receipt index out of range");
  }
  std::vector<crypto::Digest> leaves;
  for (const std::string& bytes : delivered.receipts()) {
    leaves.push_back(evidence::LeafHash(evidence::kDeliveryReceiptContent, bytes));
  }
  bus::v1::SignedReceipt receipt;
  receipt.set_receipt(delivered.receipts(static_cast<int>(index)));
  bus::v1::Signature& signature = *receipt.mutable_signature();
  signature.set_certificate_sha256(delivered.certificate_sha256());
  signature.set_signature(delivered.signature());
  signature.mutable_batch()->set_statement(delivered.statement());
  signature.mutable_batch()->set_leaf_index(index);
  merkle::Tree(leaves).AppendPath(index, signature.mutable_batch()->mutable_path());
  return receipt;
}

// Lets a ledger of this referral alone follow one more record.
absl::StatusOr<Transition> Follow(const journal::v1::Record& record, const bus::v1::Header& header,
                                  const ReferralId& id, Ledger& ledger) {
  if (record.has_accepted()) {
    TransitionCommand step{.header = &header, .parent = std::nullopt, .replaces = std::nullopt};
    if (!ledger.ApplyMessage(step, record.sequence(), record.time_us())) {
      return absl::DataLossError(
          absl::StrCat("record ", record.sequence(), ": no such step of its referral"));
    }
    return header.referral().transition();
  }
  if (record.has_delivered()) {
    ledger.ApplyReceived(id, record.sequence(), record.time_us());
    return types::v1::TRANSITION_RECEIVED;
  }
  ledger.ApplyExpired(record.expired().sequence(), record.sequence(), record.time_us());
  return types::v1::TRANSITION_EXPIRE;
}

}  // namespace

void SetTime(int64_t time_us, google::protobuf::Timestamp* out) {
  out->set_seconds(time_us / 1'000'000);
  out->set_nanos(static_cast<int>(time_us % 1'000'000 * 1'000));
}

void FillReferral(const Referral& referral, int64_t now_us, bus::v1::Referral* out) {
  out->set_referral_id(std::string(AsBytes(referral.id)));
  out->set_requester(referral.requester);
  out->set_target(referral.target);
  out->set_state(referral.state);
  out->set_version(referral.version);
  out->set_scope_version(referral.scope_version);
  out->set_scope_unanswered(referral.scope_unanswered);
  if (referral.due_us != 0) SetTime(referral.due_us, out->mutable_due_time());
  out->set_overdue(referral.due_us != 0 && referral.due_us < now_us && !IsFinal(referral.state));
  SetTime(referral.since_us, out->mutable_state_since());
  SetTime(referral.requested_us, out->mutable_requested_time());
  out->set_next_move(NextMove(referral));
}

absl::Status History::Fill(const ReferralId& id, bus::v1::GetReferralHistoryResponse* out) const {
  Ledger ledger;
  for (uint64_t sequence : projection_.ReferralRecords(id)) {
    WS_ASSIGN_OR_RETURN(journal::v1::Record record, reader_.RecordAt(sequence));
    bus::v1::Header header;
    if (record.has_accepted() && !header.ParseFromString(record.accepted().header())) {
      return absl::DataLossError(absl::StrCat("record ", sequence, ": header does not parse"));
    }
    bus::v1::HistoryEntry* entry = out->add_entries();
    WS_ASSIGN_OR_RETURN(Transition transition, Follow(record, header, id, ledger));
    entry->set_transition(transition);
    const Referral* referral = ledger.Find(id);
    if (referral == nullptr) {
      return absl::DataLossError(absl::StrCat("record ", sequence, ": no request before it"));
    }
    entry->set_sequence(sequence);
    SetTime(record.time_us(), entry->mutable_time());
    entry->set_version(referral->version);
    entry->set_state(referral->state);
    if (record.has_accepted()) WS_RETURN_IF_ERROR(FillMessage(record, header, entry));
    if (record.has_delivered()) entry->set_actor(record.delivered().queue());
  }
  return absl::OkStatus();
}

absl::Status History::FillMessage(const journal::v1::Record& record, const bus::v1::Header& header,
                                  bus::v1::HistoryEntry* entry) const {
  entry->set_actor(header.source());
  entry->mutable_message()->set_header(record.accepted().header());
  if (!entry->mutable_message()->mutable_signature()->ParseFromString(
          record.accepted().signature())) {
    return absl::DataLossError("accepted record: signature does not parse");
  }
  WS_ASSIGN_OR_RETURN(*entry->mutable_custody_receipt(),
                      reader_.CustodyReceiptAt(record.sequence(), bus_id_));
  return FillReceipts(record.sequence(), entry);
}

absl::Status History::FillReceipts(uint64_t sequence, bus::v1::HistoryEntry* entry) const {
  for (const ReceiptPlace& place : projection_.ReceiptsOf(sequence)) {
    WS_ASSIGN_OR_RETURN(journal::v1::Record record, reader_.RecordAt(place.record_sequence));
    WS_ASSIGN_OR_RETURN(*entry->add_delivery_receipts(),
                        ReceiptFrom(record.delivered(), place.index));
  }
  return absl::OkStatus();
}

}  // namespace waystation::broker
