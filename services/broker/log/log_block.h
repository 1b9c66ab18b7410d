#ifndef WAYSTATION_SERVICES_BROKER_LOG_LOG_BLOCK_H_
#define WAYSTATION_SERVICES_BROKER_LOG_LOG_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/sha256.h"

namespace waystation::broker {

// One record of a committed block, as the audit log wants it.
struct LogItem {
  uint64_t sequence = 0;
  int64_t time_us = 0;
  int kind = 0;      // Field number.
  size_t begin = 0;  // Place of the record's bytes in LogBlock::bytes.
  size_t size = 0;
  std::string salt;                               // Empty: no leaf.
  std::optional<crypto::Digest> evidence_hash{};  // See evidence::EvidenceHashOf.
};

// A committed block on its way to the audit log. What was known when the block was
// made comes along, so that nothing is parsed again.
struct LogBlock {
  std::string bytes;  // The records, one after another.
  std::vector<LogItem> items;
  crypto::Digest block_hash{};  // Of the journal's block.

  std::string_view BytesOf(const LogItem& item) const {
    return std::string_view(bytes).substr(item.begin, item.size);
  }
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_LOG_BLOCK_H_
