#include "services/broker/block.h"

#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "services/broker/store/block_reader.h"

namespace waystation::broker {

bool Block::full() const {
  constexpr size_t kBytesWanted = size_t{4} * 1024 * 1024;
  return records_.size() >= kBlockRecordsMax || bytes_ >= kBytesWanted ||
         accepted.size() >= kBatchLeavesMax;
}

journal::v1::Record* Block::NewRecord() {
  records_.push_back(&storage_.emplace_back());
  return records_.back();
}

void Block::Follow(State& state, const bus::v1::Header* header) {
  journal::v1::Record& record = *records_.back();
  record.set_sequence(state.next_sequence());
  record.set_time_us(time_us_);
  if (!record.has_checkpoint_signed()) {
    record.set_salt(std::string(salts_.Next()));
    record.set_log_index(state.log_leaves());
  }
  headers_.push_back(header);
  bytes_ += record.ByteSizeLong();
  absl::Status applied = state.Apply(record, header, &changes);
  if (!applied.ok()) Fatal(applied.ToString());
}

void Block::AddAccepted(std::shared_ptr<AdmittedMessage> admitted, std::string_view bus_id) {
  const journal::v1::Record& record = *records_.back();
  bytes_ += admitted->payload.size();
  std::string receipt = evidence::CustodyReceiptBytes(record, admitted->header.id(), bus_id);
  accepted.push_back({.admitted = std::move(admitted),
                      .sequence = record.sequence(),
                      .accept_us = record.time_us(),
                      .custody_receipt = std::move(receipt)});
}

absl::Status Block::SignCustody(const evidence::Signer& signer, absl::Time now, State& state) {
  if (accepted.empty()) return absl::OkStatus();
  custody_leaves_.reserve(accepted.size());
  for (const AcceptedMessage& message : accepted) {
    custody_leaves_.push_back(
        evidence::LeafHash(evidence::kCustodyReceiptContent, message.custody_receipt));
  }
  WS_ASSIGN_OR_RETURN(custody_, signer.SignBatchDetached(custody_leaves_, now));
  journal::v1::CustodySigned* custody = NewRecord()->mutable_custody_signed();
  custody->set_statement(custody_->statement());
  custody->set_signature(custody_->signature());
  custody->set_certificate_sha256(std::string(crypto::AsBytes(custody_->certificate_sha256())));
  Follow(state);
  return absl::OkStatus();
}

journal::AppendOutcome Block::Append(journal::Journal& journal, uint64_t epoch) {
  log_block_.bytes.reserve(bytes_);
  log_block_.items.reserve(records_.size());
  for (const journal::v1::Record* record : records_) AddLogItem(*record);
  std::vector<std::string_view> views;
  views.reserve(records_.size());
  for (const LogItem& item : log_block_.items) views.push_back(log_block_.BytesOf(item));
  std::vector<std::string_view> payloads;
  payloads.reserve(accepted.size());
  for (const AcceptedMessage& message : accepted) {
    payloads.push_back(message.admitted->payload);
  }
  journal::AppendOutcome outcome =
      journal.Append({.expected_sequence = records_.front()->sequence(),
                      .epoch = epoch,
                      .time = absl::FromUnixMicros(time_us_),
                      .records = views,
                      .payloads = payloads});
  log_block_.block_hash = outcome.block_hash;
  return outcome;
}

void Block::AddLogItem(const journal::v1::Record& record) {
  LogItem& item = log_block_.items.emplace_back();
  item.sequence = record.sequence();
  item.time_us = record.time_us();
  item.kind = record.kind_case();
  item.salt = record.salt();
  item.begin = log_block_.bytes.size();
  record.AppendToString(&log_block_.bytes);
  item.size = log_block_.bytes.size() - item.begin;
  if (record.has_accepted()) {
    item.evidence_hash = custody_leaves_[custody_leaves_logged_++];
  } else if (record.has_delivered()) {
    item.evidence_hash =
        evidence::LeafHash(evidence::kBatchContent, record.delivered().statement());
  } else if (record.has_custody_signed()) {
    item.evidence_hash =
        evidence::LeafHash(evidence::kBatchContent, record.custody_signed().statement());
  }
}

void Block::AppendResult(size_t index, std::string* frame) const {
  const AcceptedMessage& message = accepted[index];
  AppendReceipt(message.admitted->header.id(), message.custody_receipt, *custody_, index, frame);
}

}  // namespace waystation::broker
