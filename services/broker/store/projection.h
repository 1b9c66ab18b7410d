#ifndef WAYSTATION_SERVICES_BROKER_STORE_PROJECTION_H_
#define WAYSTATION_SERVICES_BROKER_STORE_PROJECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "services/broker/core/decide.h"
#include "services/broker/core/state.h"
#include "waystation/journal/v1/record.pb.h"

namespace rocksdb {
class DB;
}

namespace waystation::broker {

// One committed record with what it changed, as the projection wants it.
struct ProjectedRecord {
  const journal::v1::Record* record = nullptr;
  const bus::v1::Header* header = nullptr;  // Of an accepted record; else null.
};

// A delivery receipt's place in the record.
struct ReceiptPlace {
  uint64_t record_sequence = 0;
  uint32_t index = 0;
};

// What the broker wants to find again without reading the journal: message ids
// of any age, referrals and their history, refusals, and a snapshot of the
// core. Kept in RocksDB without a write-ahead log: everything here is a fold
// over the journal, may be deleted, and comes back with the same digest.
//
// Writes are applied block by block in order, the applied sequence with them;
// after a crash the projection is at some earlier block, and the start applies
// the rest again, which changes nothing that was there.
//
// Thread-safe: one writer, many readers.
class Projection {
 public:
  // Errors: UNAVAILABLE the directory cannot be opened.
  static absl::StatusOr<std::unique_ptr<Projection>> Open(const std::string& directory);
  ~Projection();

  // --- Write. One thread.

  // Applies one block. `referrals` are the changed referrals as they stand.
  // `snapshot` may be empty, and may come alone. Errors: UNAVAILABLE RocksDB failed.
  absl::Status Apply(const std::vector<ProjectedRecord>& records, const Changes& changes,
                     const std::vector<Referral>& referrals, const std::string& snapshot);
  // Makes all that was applied durable; without `wait` it only begins to.
  absl::Status Flush(bool wait);

  // --- Read.

  uint64_t applied_sequence() const;
  // Nothing when there is none. A snapshot that does not match its digest is
  // treated as none: the journal gives it back.
  std::optional<v1::Snapshot> ReadSnapshot() const;
  std::optional<KnownMessage> FindMessage(const MessageId& id) const;
  std::optional<Referral> FindReferral(const ReferralId& id) const;
  // Sequences of the records that changed the referral, in order.
  std::vector<uint64_t> ReferralRecords(const ReferralId& id) const;
  // Delivery receipts for a case message, in order.
  std::vector<ReceiptPlace> ReceiptsOf(uint64_t message_sequence) const;
  // Referrals that `identity` is a party to, by request sequence after
  // `after_sequence`, at most `count_max`.
  std::vector<Referral> ReferralsOf(std::string_view identity, uint64_t after_sequence,
                                    size_t count_max) const;
  // Sequences of Refused records, newest first.
  std::vector<uint64_t> RefusalRecords(size_t count_max) const;

  // SHA-256 over every key and value in order, snapshot left out: two
  // projections of one journal agree on it.
  crypto::Digest ContentDigest() const;

 private:
  explicit Projection(std::unique_ptr<rocksdb::DB> db);
  std::string Get(std::string_view key) const;

  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_STORE_PROJECTION_H_
