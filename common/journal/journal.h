#ifndef WAYSTATION_COMMON_JOURNAL_JOURNAL_H_
#define WAYSTATION_COMMON_JOURNAL_JOURNAL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"

namespace waystation::journal {

// The first record of a journal has sequence 1 and its first block number 1, so
// that 0 can say "none yet" in a projection.
inline constexpr uint64_t kFirstSequence = 1;

// Limits of one block. A payload may be larger than the bus lets a sender's be:
// the broker stores it wrapped.
inline constexpr size_t kBlockBytesMax = size_t{16} << 20;  // Records and payloads together.
inline constexpr size_t kRecordBytesMax = size_t{1} << 20;
inline constexpr size_t kPayloadBytesMax = size_t{2} << 20;
inline constexpr size_t kBlockRecordsMax = 65'536;
inline constexpr size_t kBlockPayloadsMax = 65'536;

// One group commit. All views belong to the caller and must live until `Append`
// returns; the bytes are copied once, into the write buffer.
struct BlockToAppend {
  uint64_t expected_sequence = 0;  // Of its first record: head().next_sequence.
  uint64_t epoch = 0;              // Of the writer; may be above the head's, never below.
  absl::Time time{};               // Journal time, kept to the microsecond.
  std::span<const std::string_view> records{};   // Opaque; hash-chained.
  std::span<const std::string_view> payloads{};  // Opaque; outside the hash.
};

// The end of the journal.
struct Head {
  uint64_t next_sequence = kFirstSequence;
  uint64_t block_number = 0;    // Of the last block; 0 when there is none.
  uint64_t epoch = 0;           // Of the last block; 0 when there is none.
  crypto::Digest chain_hash{};  // Of the last block; zeros when there is none.

  bool operator==(const Head&) const = default;
};

// Where one payload lies. Kept per undelivered message, so it is small. Only
// the journal that made it can read it.
struct PayloadLocator {
  uint64_t block_number = 0;
  uint32_t segment = 0;
  uint32_t offset = 0;  // Of the first byte, in bytes from the segment's start.
  uint32_t size = 0;
  uint32_t crc32c = 0;  // Of the payload's bytes.

  bool operator==(const PayloadLocator&) const = default;
};
static_assert(sizeof(PayloadLocator) == 24);

inline constexpr size_t kPayloadLocatorBytes = 24;

// Writes and reads the fixed form: the five fields in order, little endian.
// Errors: INVALID_ARGUMENT the text is not 24 bytes.
std::array<char, kPayloadLocatorBytes> EncodePayloadLocator(const PayloadLocator& locator);
absl::StatusOr<PayloadLocator> DecodePayloadLocator(std::string_view text);

enum class AppendResult {
  kCommitted,  // Durable. It may be told.
  kFenced,     // Another writer was here: epoch or sequence is not the head's. Nothing written.
  kRefused,    // Over a limit, or no space left. Nothing written; the journal goes on.
  kUnknown,    // It may or may not be durable. Tell nobody anything; end the process.
};

struct AppendOutcome {
  AppendResult result = AppendResult::kUnknown;
  // OK when committed. Fenced: ABORTED. Refused: INVALID_ARGUMENT (over a
  // limit) or RESOURCE_EXHAUSTED (no space). Unknown: UNAVAILABLE.
  absl::Status status{};
  uint64_t block_number = 0;  // This and the rest: only when committed.
  crypto::Digest block_hash{};
  std::vector<PayloadLocator> payloads{};  // One for each payload, in order.

  bool committed() const { return result == AppendResult::kCommitted; }
};

// A committed block as read. All views end with the callback that got it.
struct Block {
  uint64_t number = 0;
  uint64_t first_sequence = 0;  // Of records[0]; an empty block has the next block's.
  uint64_t epoch = 0;
  absl::Time time{};
  crypto::Digest previous_hash{};
  crypto::Digest hash{};  // SHA-256 over header and records, not over payloads.
  std::vector<std::string_view> records{};
  std::vector<PayloadLocator> payloads{};
};

// The ordered, durable journal: the one place where a fact of the bus is kept.
// It stores opaque bytes; what they mean is its caller's business.
//
//   std::vector<std::string_view> records = {accepted};
//   AppendOutcome outcome = journal.Append({.expected_sequence = journal.head().next_sequence,
//                                           .epoch = epoch, .time = now, .records = records});
//   if (!outcome.committed()) Stop(outcome.status);
//
// A committed block survives the loss of the process and of power. Blocks are
// totally ordered; sequences have no gap. Each block carries the SHA-256 of the
// one before it. Payloads stand outside the chain: records commit to them by
// digest, so a payload can be erased and the chain still verifies.
// Epoch and expected sequence on every append keep two writers from both
// writing. Limits: the constants above.
//
// Thread-safe. Appends are meant to come from one thread; many may read.
class Journal {
 public:
  using BlockCallback = std::function<absl::Status(const Block&)>;

  virtual ~Journal() = default;

  virtual Head head() const = 0;

  // Appends one block of any number of records, also none, and returns once it
  // is durable. Never retried by the caller after kUnknown.
  virtual AppendOutcome Append(const BlockToAppend& block) = 0;

  // Appends an empty block that carries a higher epoch, so that every writer of
  // a lower one is fenced from here on. kFenced when `epoch` is not above the
  // head's.
  AppendOutcome RaiseEpoch(uint64_t epoch, absl::Time time);

  // Calls `callback` for each block that was committed when the call began, in
  // order, from the block that holds `from_sequence` on (its earlier records
  // come with it), empty blocks too. 0 and 1 both mean from the start. Holds no
  // lock: the callback may read and append. Stops at the callback's first
  // error and returns it.
  // Errors: OUT_OF_RANGE `from_sequence` is past next_sequence; DATA_LOSS a
  // block does not verify; UNAVAILABLE the journal has failed.
  virtual absl::Status ReadBlocks(uint64_t from_sequence, const BlockCallback& callback) = 0;

  // Returns a payload's bytes, checked against the locator.
  // Errors: DATA_LOSS the bytes are not those that were written, or the
  // locator points at none; UNAVAILABLE the journal has failed.
  virtual absl::StatusOr<std::string> ReadPayload(const PayloadLocator& locator) = 0;

  // Waits until the record of `sequence` is committed. Returns false when
  // `timeout` of real time passes first or the journal fails.
  virtual bool WaitFor(uint64_t sequence, absl::Duration timeout) = 0;
};

// Whether the block keeps every limit above. Shared by all journals.
// Errors: INVALID_ARGUMENT.
absl::Status CheckLimits(const BlockToAppend& block);

// Whether the block's epoch and expected sequence are the head's. Shared.
// Errors: ABORTED.
absl::Status CheckFence(const BlockToAppend& block, const Head& head);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_JOURNAL_H_
