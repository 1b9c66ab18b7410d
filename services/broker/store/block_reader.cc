#include "services/broker/store/block_reader.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

absl::Status Malformed(uint64_t sequence) {
  return absl::DataLossError(absl::StrCat("record ", sequence, ": does not parse"));
}

void FillCustody(const journal::v1::CustodySigned& custody, bus::v1::SignedReceipt* receipt) {
  bus::v1::Signature& signature = *receipt->mutable_signature();
  signature.set_certificate_sha256(custody.certificate_sha256());
  signature.set_signature(custody.signature());
  signature.mutable_batch()->set_statement(custody.statement());
}

// Tells the reader to stop after one block without calling it an error.
absl::Status Enough() { return absl::CancelledError("enough"); }

}  // namespace

const journal::v1::Record* ParsedBlock::Find(uint64_t sequence) const {
  if (records.empty() || sequence < records.front().sequence()) return nullptr;
  uint64_t place = sequence - records.front().sequence();
  return place < records.size() ? &records[place] : nullptr;
}

absl::StatusOr<std::shared_ptr<const ParsedBlock>> BlockReader::BlockOf(uint64_t sequence) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& block : kept_) {
      if (block->Find(sequence) != nullptr) return block;
    }
  }
  auto parsed = std::make_shared<ParsedBlock>();
  absl::Status read = journal_.ReadBlocks(sequence, [&](const journal::Block& block) {
    if (block.records.empty()) return absl::OkStatus();  // An epoch alone.
    for (std::string_view bytes : block.records) {
      if (!parsed->records.emplace_back().ParseFromArray(bytes.data(),
                                                         static_cast<int>(bytes.size()))) {
        return Malformed(block.first_sequence + parsed->records.size() - 1);
      }
    }
    parsed->payloads = block.payloads;
    return Enough();
  });
  if (!read.ok() && !absl::IsCancelled(read)) return read;
  if (parsed->Find(sequence) == nullptr) {
    return absl::NotFoundError(absl::StrCat("record ", sequence, ": not in the journal"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (kept_.size() < kBlocksKept) kept_.resize(kBlocksKept, parsed);
  kept_[next_++ % kBlocksKept] = parsed;
  return parsed;
}

absl::StatusOr<journal::v1::Record> BlockReader::RecordAt(uint64_t sequence) {
  WS_ASSIGN_OR_RETURN(auto block, BlockOf(sequence));
  return *block->Find(sequence);
}

absl::StatusOr<bus::v1::SignedMessage> BlockReader::MessageAt(uint64_t sequence) {
  WS_ASSIGN_OR_RETURN(auto block, BlockOf(sequence));
  const journal::v1::Record& record = *block->Find(sequence);
  if (!record.has_accepted() || record.accepted().payload_index() >= block->payloads.size()) {
    return Malformed(sequence);
  }
  bus::v1::SignedMessage message;
  message.set_header(record.accepted().header());
  if (!message.mutable_signature()->ParseFromString(record.accepted().signature())) {
    return Malformed(sequence);
  }
  WS_ASSIGN_OR_RETURN(*message.mutable_payload(),
                      journal_.ReadPayload(block->payloads[record.accepted().payload_index()]));
  return message;
}

absl::StatusOr<bus::v1::SignedReceipt> BlockReader::CustodyReceiptAt(uint64_t sequence,
                                                                     std::string_view bus_id) {
  WS_ASSIGN_OR_RETURN(auto block, BlockOf(sequence));
  bus::v1::SignedReceipt receipt;
  std::vector<crypto::Digest> leaves;
  size_t place = 0;
  for (const journal::v1::Record& record : block->records) {
    if (record.has_custody_signed()) FillCustody(record.custody_signed(), &receipt);
    if (!record.has_accepted()) continue;
    bus::v1::Header header;
    if (!header.ParseFromString(record.accepted().header())) return Malformed(record.sequence());
    std::string bytes = evidence::CustodyReceiptBytes(record, header.id(), bus_id);
    leaves.push_back(evidence::LeafHash(evidence::kCustodyReceiptContent, bytes));
    if (record.sequence() != sequence) continue;
    place = leaves.size() - 1;
    receipt.set_receipt(std::move(bytes));
  }
  if (receipt.receipt().empty() || !receipt.has_signature()) return Malformed(sequence);
  bus::v1::BatchProof& proof = *receipt.mutable_signature()->mutable_batch();
  proof.set_leaf_index(static_cast<uint32_t>(place));
  merkle::Tree(leaves).AppendPath(place, proof.mutable_path());
  return receipt;
}

}  // namespace waystation::broker
