#ifndef WAYSTATION_SERVICES_BROKER_CORE_DECIDE_H_
#define WAYSTATION_SERVICES_BROKER_CORE_DECIDE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "common/limits/limits.h"
#include "services/broker/core/state.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"
#include "waystation/journal/v1/record.pb.h"

// Decide(state, command, facts, now) -> records | refusal. Pure: what a
// decision needs from outside comes in as an argument. A decision fills a
// record's kind; its sequence and time are the caller's. Nothing here changes
// the state: State::Apply follows the record.
//
// Commands are admitted before: signature, identity, policy and limits hold.

namespace waystation::broker {

// A message whose syntax, signature and policy were checked.
struct PublishCommand {
  const bus::v1::Header* header = nullptr;
  std::string_view header_bytes;
  std::string_view signature_bytes;
  crypto::Digest envelope_hash{};
  std::string_view certificate_sha256;
  std::optional<ReferralId> parent;
  std::optional<ReferralId> replaces;
  uint64_t crl_number = 0;
  // The bus's limit; a test's queue is full sooner.
  size_t queue_messages_max = kQueueMessagesMax;
};

// What the id index knows of a message id.
struct KnownMessage {
  uint64_t sequence = 0;
  crypto::Digest envelope_hash{};
};

enum class PublishDecision { kAccept, kDuplicate };

// Fills `accepted` for kAccept; a duplicate leaves it alone.
// Errors: ALREADY_EXISTS (CONTENT_CHANGED), FAILED_PRECONDITION
// (ALREADY_EXPIRED), NOT_FOUND (UNKNOWN_RECIPIENT), RESOURCE_EXHAUSTED
// (OVERLOADED), and those of Ledger::Check.
absl::StatusOr<PublishDecision> DecidePublish(const State& state, const PublishCommand& command,
                                              const std::optional<KnownMessage>& known,
                                              int64_t now_us, journal::v1::Accepted* accepted);

// A receiver with room.
struct LeaseCommand {
  std::string queue;
  std::string client_id;
  Credit credit;
  int64_t ack_deadline_us = 0;  // A duration.
  size_t count_max = 0;
};

// Fills `leased` and returns true when there is something to lease.
bool DecideLease(const State& state, const LeaseCommand& command, int64_t now_us,
                 journal::v1::Leased* leased);

// One receipt of a batch whose signature and signer were verified.
struct ReceiptView {
  MessageId id{};
  crypto::Digest envelope_hash{};
  uint32_t attempt = 0;
};

// The answers to a receipt for a message that the bus never had, or, in the same
// words, that was never the caller's to have; and for another envelope than its own.
absl::Status NeverHeld(const MessageId& id);
absl::Status OfAnotherEnvelope(const crypto::Digest& envelope_hash);

// The sequence that each receipt acknowledges, in order; 0 where it changes
// nothing because the message is not in the queue (delivered before, or
// unknown: the caller's index tells).
// Errors in an element: INVALID_ARGUMENT (RECEIPT_MISMATCH), FAILED_PRECONDITION
// (STALE_ATTEMPT) an attempt that was never made.
std::vector<absl::StatusOr<uint64_t>> DecideReceipts(const State& state, const std::string& queue,
                                                     std::span<const ReceiptView> receipts);

struct NackCommand {
  MessageId id{};
  uint32_t attempt = 0;
  std::string reason;
  std::optional<int64_t> retry_delay_us;
};

// Fills `given_back`. Errors: NOT_FOUND (UNKNOWN_MESSAGE), FAILED_PRECONDITION
// (STALE_ATTEMPT).
absl::Status DecideNack(const State& state, const std::string& queue, const NackCommand& command,
                        int64_t now_us, journal::v1::GivenBack* given_back);

// Moves a deadline. Errors: as DecideNack.
absl::Status DecideExtend(const State& state, const std::string& queue, const MessageId& id,
                          uint32_t attempt, int64_t deadline_us,
                          journal::v1::LeaseExtended* extended);

// A stream ended: what it still had leased comes back at once. `sequences` are
// leases of this stream and no other, at most kRecordSequencesMax: the caller
// splits more. Returns false when it had nothing.
bool DecideStreamClosed(const State& state, const std::string& queue,
                        std::span<const uint64_t> sequences, int64_t now_us,
                        journal::v1::GivenBack* given_back);

// What time alone brings: missed deadlines and expiries, at most `count_max`
// messages. Empty when nothing is due.
std::vector<journal::v1::Record> DecideTick(const State& state, int64_t now_us, size_t count_max);

// Sequences in one record, so that it stays within a record's size.
inline constexpr size_t kRecordSequencesMax = 2048;

// Redrives the dead letters among `ids`, all when it is empty; at most
// kRecordSequencesMax, so that "all" is asked again until nothing is filled in.
// Errors: NOT_FOUND (UNKNOWN_QUEUE, UNKNOWN_MESSAGE).
absl::Status DecideRedrive(const State& state, const std::string& queue,
                           std::span<const MessageId> ids, std::string_view operator_identity,
                           journal::v1::Redriven* redriven);

// A signed checkpoint of the audit log.
struct CheckpointCommand {
  uint64_t tree_size = 0;
  crypto::Digest root{};
  std::string note;
};

// Fills `signed_checkpoint` and returns true when it covers more than the last
// one; false when there is nothing new in it. A size beyond the leaves that there
// are ends the process: it was computed from the record.
bool DecideCheckpoint(const State& state, const CheckpointCommand& command,
                      journal::v1::CheckpointSigned* signed_checkpoint);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_DECIDE_H_
