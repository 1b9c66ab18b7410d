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
  headers_.push_back(header);
  bytes_ += record.ByteSizeLong();
  absl::Status applied = state.Apply(record, header, &changes);
  if (!applied.ok()) Fatal(applied.ToString());
}

void Block::AddAccepted(std::shared_ptr<AdmittedMessage> admitted, std::string_view bus_id) {
  const journal::v1::Record& record = *records_.back();
  bytes_ += admitted->payload.size();
  std::string receipt = CustodyReceiptBytes(record, admitted->header, bus_id);
  accepted.push_back({.admitted = std::move(admitted),
                      .sequence = record.sequence(),
                      .accept_us = record.time_us(),
                      .custody_receipt = std::move(receipt)});
}

absl::Status Block::SignCustody(const evidence::Signer& signer, absl::Time now, State& state) {
  if (accepted.empty()) return absl::OkStatus();
  std::vector<crypto::Digest> leaves;
  leaves.reserve(accepted.size());
  for (const AcceptedMessage& message : accepted) {
    leaves.push_back(evidence::LeafHash(evidence::kCustodyReceiptContent, message.custody_receipt));
  }
  WS_ASSIGN_OR_RETURN(custody_, signer.SignBatchDetached(leaves, now));
  journal::v1::CustodySigned* custody = NewRecord()->mutable_custody_signed();
  custody->set_statement(custody_->statement());
  custody->set_signature(custody_->signature());
  custody->set_certificate_sha256(std::string(crypto::AsBytes(custody_->certificate_sha256())));
  Follow(state);
  return absl::OkStatus();
}

journal::AppendOutcome Block::Append(journal::Journal& journal, uint64_t epoch) {
  std::string buffer;
  buffer.reserve(bytes_);
  std::vector<size_t> ends;
  ends.reserve(records_.size());
  for (const journal::v1::Record* record : records_) {
    record->AppendToString(&buffer);
    ends.push_back(buffer.size());
  }
  std::vector<std::string_view> views;
  views.reserve(ends.size());
  size_t begin = 0;
  for (size_t end : ends) {
    views.push_back(std::string_view(buffer).substr(begin, end - begin));
    begin = end;
  }
  std::vector<std::string_view> payloads;
  payloads.reserve(accepted.size());
  for (const AcceptedMessage& message : accepted) {
    payloads.push_back(message.admitted->payload);
  }
  return journal.Append({.expected_sequence = records_.front()->sequence(),
                         .epoch = epoch,
                         .time = absl::FromUnixMicros(time_us_),
                         .records = views,
                         .payloads = payloads});
}

void Block::AppendResult(size_t index, std::string* frame) const {
  const AcceptedMessage& message = accepted[index];
  AppendReceipt(message.admitted->header.id(), message.custody_receipt, *custody_, index, frame);
}

}  // namespace waystation::broker
