#include "common/journal/journal.h"

#include "absl/strings/str_cat.h"
#include "common/journal/little_endian.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

absl::Status OverLimit(std::string_view thing, size_t got, size_t max) {
  return absl::InvalidArgumentError(
      Problem(thing, "over the limit", absl::StrCat(got), absl::StrCat("at most ", max)));
}

}  // namespace

std::array<char, kPayloadLocatorBytes> EncodePayloadLocator(const PayloadLocator& locator) {
  std::array<char, kPayloadLocatorBytes> text;
  StoreU64(text.data(), locator.block_number);
  StoreU32(text.data() + 8, locator.segment);
  StoreU32(text.data() + 12, locator.offset);
  StoreU32(text.data() + 16, locator.size);
  StoreU32(text.data() + 20, locator.crc32c);
  return text;
}

absl::StatusOr<PayloadLocator> DecodePayloadLocator(std::string_view text) {
  if (text.size() != kPayloadLocatorBytes) {
    return absl::InvalidArgumentError(
        Problem("payload locator", "wrong length", absl::StrCat(text.size()), "24 bytes"));
  }
  return PayloadLocator{.block_number = LoadU64(text.data()),
                        .segment = LoadU32(text.data() + 8),
                        .offset = LoadU32(text.data() + 12),
                        .size = LoadU32(text.data() + 16),
                        .crc32c = LoadU32(text.data() + 20)};
}

AppendOutcome Journal::RaiseEpoch(uint64_t epoch, absl::Time time) {
  const Head at = head();
  if (epoch <= at.epoch) {
    return {.result = AppendResult::kFenced,
            .status = absl::AbortedError(Problem("epoch", "not a raise", absl::StrCat(epoch),
                                                 absl::StrCat("above ", at.epoch)))};
  }
  return Append({.expected_sequence = at.next_sequence, .epoch = epoch, .time = time});
}

absl::Status CheckLimits(const BlockToAppend& block) {
  if (block.records.size() > kBlockRecordsMax) {
    return OverLimit("records in a block", block.records.size(), kBlockRecordsMax);
  }
  if (block.payloads.size() > kBlockPayloadsMax) {
    return OverLimit("payloads in a block", block.payloads.size(), kBlockPayloadsMax);
  }
  size_t total = 0;
  for (std::string_view record : block.records) {
    if (record.size() > kRecordBytesMax) {
      return OverLimit("bytes of a record", record.size(), kRecordBytesMax);
    }
    total += record.size();
  }
  for (std::string_view payload : block.payloads) {
    if (payload.size() > kPayloadBytesMax) {
      return OverLimit("bytes of a payload", payload.size(), kPayloadBytesMax);
    }
    total += payload.size();
  }
  if (total > kBlockBytesMax) return OverLimit("bytes of a block", total, kBlockBytesMax);
  return absl::OkStatus();
}

absl::Status CheckFence(const BlockToAppend& block, const Head& head) {
  if (block.epoch < head.epoch) {
    return absl::AbortedError(Problem("epoch", "another writer has raised it",
                                      absl::StrCat(block.epoch),
                                      absl::StrCat("at least ", head.epoch)));
  }
  if (block.expected_sequence != head.next_sequence) {
    return absl::AbortedError(Problem("expected sequence", "not the end of the journal",
                                      absl::StrCat(block.expected_sequence),
                                      absl::StrCat(head.next_sequence)));
  }
  return absl::OkStatus();
}

}  // namespace waystation::journal
