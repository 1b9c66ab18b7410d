#ifndef WAYSTATION_SERVICES_BROKER_CORE_LEDGER_H_
#define WAYSTATION_SERVICES_BROKER_CORE_LEDGER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/referral/table.h"
#include "google/protobuf/timestamp.pb.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::broker {

using referral::Edge;
using referral::Event;
using referral::IsFinal;
using referral::Party;
using referral::StateName;
using types::v1::ReferralState;
using types::v1::Transition;

using ReferralId = std::array<uint8_t, 16>;

// Reads 16 bytes; nothing for any other length.
std::optional<ReferralId> ReferralIdFrom(std::string_view bytes);
inline std::string_view AsBytes(const ReferralId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

// The answer for a referral that is not there, and, in the same words, for one that
// the asker may not know of. `id` as the asker gave it.
absl::Status UnknownReferral(std::string_view id);

// Journal time of a header's time, in microseconds; what lies outside the range
// of a protobuf Timestamp is taken to its nearer end.
int64_t Micros(const google::protobuf::Timestamp& time);

// Where one referral stands. Times are journal time in microseconds; 0 is none.
struct Referral {
  ReferralId id{};
  ReferralId root{};
  std::string requester;
  std::string target;
  ReferralState state = types::v1::REFERRAL_STATE_UNSPECIFIED;
  ReferralState former = types::v1::REFERRAL_STATE_UNSPECIFIED;  // Before CANCEL_ASKED.
  uint64_t version = 0;
  uint32_t scope_version = 0;
  bool scope_unanswered = false;
  int64_t due_us = 0;
  int64_t expire_us = 0;
  int64_t requested_us = 0;
  int64_t since_us = 0;           // When `state` was entered.
  uint64_t request_sequence = 0;  // Of the accepted REQUEST.
  uint64_t last_sequence = 0;     // Of the last record that changed it.
};

// What a case message asks of the ledger.
struct TransitionCommand {
  const bus::v1::Header* header = nullptr;
  std::optional<ReferralId> parent{};    // Opened and checked against the commitment.
  std::optional<ReferralId> replaces{};  // Likewise.
};

// Every open referral, and those final ones that were asked for lately. The
// rules are ReferralTable's; this adds versions, scope and links.
//
// Pure: no clock, no disk. `Check` decides, `Apply...` follows a record.
// Single-threaded: the sequencer.
class Ledger {
 public:
  // Errors: NOT_FOUND (UNKNOWN_REFERRAL), ALREADY_EXISTS (REFERRAL_EXISTS),
  // PERMISSION_DENIED (NOT_A_PARTY), ABORTED (STALE_VERSION),
  // FAILED_PRECONDITION (ILLEGAL_TRANSITION, SCOPE_VERSION, LINK_INVALID),
  // INVALID_ARGUMENT (RECIPIENTS_INVALID, ILLEGAL_TRANSITION).
  absl::Status Check(const TransitionCommand& command) const;

  // Follows an accepted case message. False when there is no such edge: a final
  // referral that was evicted has to be restored before its record is followed.
  [[nodiscard]] bool ApplyMessage(const TransitionCommand& command, uint64_t sequence,
                                  int64_t time_us);

  // Follows the target's delivery receipt for the REQUEST at
  // `request_sequence`. Returns false when the referral went on meanwhile and
  // stays as it is.
  bool ApplyReceived(const ReferralId& id, uint64_t sequence, int64_t time_us);

  // Follows an Expired record of the referral itself; returns the referral.
  std::optional<ReferralId> ApplyExpired(uint64_t request_sequence, uint64_t sequence,
                                         int64_t time_us);

  // The request sequences of referrals whose expire_time is at or before
  // `now_us`, earliest first.
  std::vector<uint64_t> PickExpired(int64_t now_us, size_t count_max) const;
  // When the next referral expires, or INT64_MAX.
  int64_t NextExpiryUs() const;

  const Referral* Find(const ReferralId& id) const;
  // Puts back a referral that was evicted; keeps what is there when it is newer.
  void Restore(Referral referral);
  // Forgets a final referral; an open one stays.
  void Evict(const ReferralId& id);

  const absl::flat_hash_map<ReferralId, Referral>& all() const { return referrals_; }

 private:
  absl::Status CheckRequest(const TransitionCommand& command) const;
  absl::Status CheckLinks(const TransitionCommand& command) const;
  absl::Status CheckStep(const Referral& referral, Event event,
                         const bus::v1::Header& header) const;
  void Move(Referral& referral, const Edge& edge, uint64_t sequence, int64_t time_us);
  void Track(const Referral& referral);
  void Untrack(const Referral& referral);

  absl::flat_hash_map<ReferralId, Referral> referrals_;
  absl::flat_hash_map<uint64_t, ReferralId> by_request_;  // Open ones with an expire time.
  absl::btree_set<std::pair<int64_t, uint64_t>> expiries_;
};

// Who `identity` is to a referral.
Party PartyOf(const Referral& referral, std::string_view identity);

// Who holds the next move; "" when the state is final.
std::string NextMove(const Referral& referral);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_LEDGER_H_
