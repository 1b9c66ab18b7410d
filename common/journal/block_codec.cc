#include "common/journal/block_codec.h"

#include "absl/strings/str_cat.h"
#include "common/journal/crc32c.h"
#include "common/journal/little_endian.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr std::string_view kMagic = "WSBK";
constexpr uint32_t kFormatVersion = 1;

uint32_t PhysicalOffset(const BlockPlace& place, uint64_t data_offset) {
  return static_cast<uint32_t>((place.sector + data_offset / kSectorDataBytes) *
                                   uint64_t{kSectorBytes} +
                               kSectorCrcBytes + data_offset % kSectorDataBytes);
}

void AppendU32(std::string& text, size_t value) {
  char bytes[4];
  StoreU32(bytes, static_cast<uint32_t>(value));
  text.append(bytes, sizeof(bytes));
}

void BuildLengthTable(std::span<const std::string_view> records, std::string& table) {
  table.clear();
  for (std::string_view record : records) AppendU32(table, record.size());
}

crypto::Digest HashWithTable(std::string_view header, std::string_view table,
                             std::span<const std::string_view> records) {
  crypto::Sha256Hasher hasher;
  hasher.Update(header.substr(0, kHashedHeaderBytes));
  hasher.Update(table);
  for (std::string_view record : records) hasher.Update(record);
  return hasher.Finish();
}

uint64_t TotalBytes(std::span<const std::string_view> parts) {
  uint64_t total = 0;
  for (std::string_view part : parts) total += part.size();
  return total;
}

absl::Status CheckHeaderLimits(const BlockHeader& header) {
  if (header.record_count > kBlockRecordsMax || header.payload_count > kBlockPayloadsMax ||
      header.record_bytes > kBlockBytesMax || header.payload_bytes > kBlockBytesMax ||
      header.record_bytes + header.payload_bytes > kBlockBytesMax) {
    return absl::DataLossError("block header states lengths over the limit");
  }
  if (header.number == 0 || header.first_sequence < kFirstSequence) {
    return absl::DataLossError("block header has no block number or sequence");
  }
  return absl::OkStatus();
}

}  // namespace

uint64_t BlockHeader::data_bytes() const {
  return kHeaderBytes + record_section_bytes() + 8 * uint64_t{payload_count} + payload_bytes;
}

Head BlockHeader::head() const {
  return {.next_sequence = first_sequence + record_count,
          .block_number = number,
          .epoch = epoch,
          .chain_hash = hash};
}

BlockHeader DescribeBlock(const BlockToAppend& block, const Head& head) {
  return {.number = head.block_number + 1,
          .first_sequence = block.expected_sequence,
          .epoch = block.epoch,
          .unix_us = absl::ToUnixMicros(block.time),
          .record_count = static_cast<uint32_t>(block.records.size()),
          .payload_count = static_cast<uint32_t>(block.payloads.size()),
          .record_bytes = TotalBytes(block.records),
          .payload_bytes = TotalBytes(block.payloads),
          .previous_hash = head.chain_hash};
}

std::string EncodeHeader(const BlockHeader& header) {
  std::string text(kHeaderBytes, '\0');
  char* at = text.data();
  kMagic.copy(at, kMagic.size());
  StoreU32(at + 4, kFormatVersion);
  StoreU64(at + 8, header.number);
  StoreU64(at + 16, header.first_sequence);
  StoreU64(at + 24, header.epoch);
  StoreU64(at + 32, static_cast<uint64_t>(header.unix_us));
  StoreU32(at + 40, header.record_count);
  StoreU32(at + 44, header.payload_count);
  StoreU64(at + 48, header.record_bytes);
  StoreU64(at + 56, header.payload_bytes);
  crypto::AsBytes(header.previous_hash).copy(at + 64, 32);
  crypto::AsBytes(header.hash).copy(at + 96, 32);
  return text;
}

absl::StatusOr<BlockHeader> DecodeHeader(std::string_view data) {
  if (data.size() < kHeaderBytes || data.substr(0, 4) != kMagic) {
    return absl::DataLossError("block header does not begin with its mark");
  }
  const char* at = data.data();
  if (const uint32_t version = LoadU32(at + 4); version != kFormatVersion) {
    return absl::FailedPreconditionError(Problem("block format version",
                                                 "not known to this release", absl::StrCat(version),
                                                 absl::StrCat(kFormatVersion)));
  }
  BlockHeader header{.number = LoadU64(at + 8),
                     .first_sequence = LoadU64(at + 16),
                     .epoch = LoadU64(at + 24),
                     .unix_us = static_cast<int64_t>(LoadU64(at + 32)),
                     .record_count = LoadU32(at + 40),
                     .payload_count = LoadU32(at + 44),
                     .record_bytes = LoadU64(at + 48),
                     .payload_bytes = LoadU64(at + 56)};
  header.previous_hash = *crypto::DigestFrom(data.substr(64, 32));
  header.hash = *crypto::DigestFrom(data.substr(96, 32));
  WS_RETURN_IF_ERROR(CheckHeaderLimits(header));
  return header;
}

crypto::Digest HashBlock(const BlockHeader& header, std::span<const std::string_view> records) {
  std::string table;
  BuildLengthTable(records, table);
  return HashWithTable(EncodeHeader(header), table, records);
}

std::string_view BlockEncoder::Encode(const BlockToAppend& block, const BlockPlace& place,
                                      const SectorSeal& seal, BlockHeader& header,
                                      std::vector<PayloadLocator>& payloads) {
  BuildLengthTable(block.records, table_);
  header.hash = HashWithTable(EncodeHeader(header), table_, block.records);
  writer_.Begin(header.data_bytes());
  writer_.Put(EncodeHeader(header));
  writer_.Put(table_);
  for (std::string_view record : block.records) writer_.Put(record);
  PutPayloads(block, place, header, payloads);
  return writer_.Finish(seal, header.number);
}

void BlockEncoder::PutPayloads(const BlockToAppend& block, const BlockPlace& place,
                               const BlockHeader& header, std::vector<PayloadLocator>& payloads) {
  uint64_t at = header.data_bytes() - header.payload_bytes;
  payloads.reserve(block.payloads.size());
  table_.clear();
  for (std::string_view payload : block.payloads) {
    payloads.push_back({.block_number = header.number,
                        .segment = place.segment,
                        .offset = PhysicalOffset(place, at),
                        .size = static_cast<uint32_t>(payload.size()),
                        .crc32c = Crc32c(payload)});
    AppendU32(table_, payload.size());
    AppendU32(table_, payloads.back().crc32c);
    at += payload.size();
  }
  writer_.Put(table_);
  for (std::string_view payload : block.payloads) writer_.Put(payload);
}

absl::StatusOr<const Block*> BlockDecoder::Decode(const BlockHeader& header,
                                                  const BlockPlace& place,
                                                  std::string_view sectors) {
  if (sectors.size() != header.sectors() * kSectorBytes) {
    return absl::DataLossError("block does not have the length that its header states");
  }
  const uint64_t filling = header.sectors() * kSectorDataBytes - header.data_bytes();
  if (!IsZero(sectors.substr(sectors.size() - filling))) {
    return absl::DataLossError("block is filled up with other bytes than zeros");
  }
  data_.resize(header.record_section_bytes() + 8 * uint64_t{header.payload_count});
  CopyData(sectors, kHeaderBytes, data_.size(), data_.data());
  block_.number = header.number;
  block_.first_sequence = header.first_sequence;
  block_.epoch = header.epoch;
  block_.time = absl::FromUnixMicros(header.unix_us);
  block_.previous_hash = header.previous_hash;
  block_.hash = header.hash;
  WS_RETURN_IF_ERROR(ReadRecords(header));
  WS_RETURN_IF_ERROR(ReadPayloadTable(header, place));
  return &block_;
}

absl::Status BlockDecoder::ReadRecords(const BlockHeader& header) {
  const std::string_view table = std::string_view(data_).substr(0, 4 * size_t{header.record_count});
  std::string_view left = std::string_view(data_).substr(table.size(), header.record_bytes);
  block_.records.clear();
  for (size_t i = 0; i < header.record_count; i++) {
    const uint32_t size = LoadU32(table.data() + 4 * i);
    if (size > kRecordBytesMax || size > left.size()) {
      return absl::DataLossError("record is longer than its section");
    }
    block_.records.push_back(left.substr(0, size));
    left.remove_prefix(size);
  }
  if (!left.empty()) return absl::DataLossError("record section is longer than its records");
  if (HashWithTable(EncodeHeader(header), table, block_.records) != header.hash) {
    return absl::DataLossError("block hash does not match header and records");
  }
  return absl::OkStatus();
}

absl::Status BlockDecoder::ReadPayloadTable(const BlockHeader& header, const BlockPlace& place) {
  const char* table = data_.data() + header.record_section_bytes();
  const uint64_t end = header.data_bytes();
  uint64_t at = end - header.payload_bytes;
  block_.payloads.clear();
  for (size_t i = 0; i < header.payload_count; i++, table += 8) {
    const uint32_t size = LoadU32(table);
    if (size > kPayloadBytesMax || size > end - at) {
      return absl::DataLossError("payload is longer than its section");
    }
    block_.payloads.push_back({.block_number = header.number,
                               .segment = place.segment,
                               .offset = PhysicalOffset(place, at),
                               .size = size,
                               .crc32c = LoadU32(table + 4)});
    at += size;
  }
  if (at != end) return absl::DataLossError("payload section is longer than its payloads");
  return absl::OkStatus();
}

}  // namespace waystation::journal
