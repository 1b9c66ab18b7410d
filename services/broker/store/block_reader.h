#ifndef WAYSTATION_SERVICES_BROKER_STORE_BLOCK_READER_H_
#define WAYSTATION_SERVICES_BROKER_STORE_BLOCK_READER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "common/journal/journal.h"
#include "common/merkle/tree.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {

// One block of the journal, parsed.
struct ParsedBlock {
  std::vector<journal::v1::Record> records;
  std::vector<journal::PayloadLocator> payloads;

  // The record of `sequence`, or null.
  const journal::v1::Record* Find(uint64_t sequence) const;
};

// Reads old records: for duplicates, histories and deliveries that left memory.
// Keeps the last few blocks parsed. Does not own the journal.
//
// Thread-safe.
class BlockReader {
 public:
  explicit BlockReader(journal::Journal& journal) : journal_(journal) {}

  // The block that holds the record. Errors: NOT_FOUND, and the journal's.
  absl::StatusOr<std::shared_ptr<const ParsedBlock>> BlockOf(uint64_t sequence);
  absl::StatusOr<journal::v1::Record> RecordAt(uint64_t sequence);
  // The message as it was accepted, payload included.
  absl::StatusOr<bus::v1::SignedMessage> MessageAt(uint64_t sequence);
  // The custody receipt of an accepted record, byte for byte as first given.
  absl::StatusOr<bus::v1::SignedReceipt> CustodyReceiptAt(uint64_t sequence,
                                                          std::string_view bus_id);

 private:
  static constexpr size_t kBlocksKept = 8;

  journal::Journal& journal_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const ParsedBlock>> kept_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_STORE_BLOCK_READER_H_
