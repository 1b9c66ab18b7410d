#ifndef WAYSTATION_COMMON_AGENCY_CASE_H_
#define WAYSTATION_COMMON_AGENCY_CASE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/store.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/referral/v1/case_content.pb.h"
#include "waystation/types/v1/referral.pb.h"

// What an agency's own code sees of the bus: messages that came, referrals as
// they stand, and a transaction in which to act and to send.

namespace waystation::agency {

using referral::v1::CaseContent;
using types::v1::ReferralState;
using types::v1::Transition;

// A case message, verified, opened, and found to say inside what it says
// outside (sender, recipients, referral, transition).
struct CaseMessage {
  std::string message_id;
  bus::v1::Header header;
  CaseContent content;
  absl::Time accept_time;  // The journal's.
  uint32_t attempt = 1;
};

// A memo, verified, opened, and found to say inside what it says outside (sender,
// recipients, type). It moves no referral.
struct MemoMessage {
  std::string message_id;
  bus::v1::Header header;
  std::string body;        // The serialized message that the type stands for (memo.proto).
  uint64_t place = 0;      // Among all that the sender made; of two the greater holds.
  absl::Time accept_time;  // The journal's.
  uint32_t attempt = 1;
};

// A referral as this agency knows it. `state` and `version` count what this
// agency has queued for the bus but has no answer to yet.
struct ReferralView {
  std::string referral_id;  // 16 bytes.
  std::string requester;    // Identities.
  std::string target;
  bool we_are_target = false;
  ReferralState state = types::v1::REFERRAL_STATE_UNSPECIFIED;
  uint64_t version = 0;
  uint32_t scope_version = 1;
  std::string person;     // Handle. Empty when its message could not be opened.
  std::string procedure;  // As `Tx::Describe` set it.
  std::string our_unit;
  std::string other_unit;
  absl::Time since;                    // When `state` was entered.
  std::optional<absl::Time> due_time;  // Nothing: no due time was agreed.
  std::string due_basis;
  // Why a person must look at it, e.g. a refusal by the bus. Empty: all is well.
  std::string problem;

  // What the unit of ours must be told of it besides: see Tx::Notify. Empty: nothing.
  std::string notice;
  std::optional<absl::Time> notice_since;

  // An answer, return or other end by the other party that no officer has read.
  bool unread = false;

  const std::string& other() const { return we_are_target ? requester : target; }
};

// A transaction in which an agency acts: its own tables through `db()`, and
// messages that are queued with the effect or not at all.
//
//   WS_RETURN_IF_ERROR(tx.db().Exec("UPDATE petition SET ...", {...}).status());
//   WS_RETURN_IF_ERROR(tx.SendTransition(id, types::v1::TRANSITION_TAKE_UP, content).status());
//
// The runtime fills in sender, recipients, referral_id and transition of the
// content; from_unit, to_unit, officials, person and the rest are the caller's.
// Messages of one referral reach the bus in the order of these calls; the next
// waits until the one before is kept. A message that is sent while handling
// another waits for the acknowledgement of that one.
//
// Single-threaded: the function that got it.
class Tx {
 public:
  virtual ~Tx() = default;

  virtual Transaction& db() = 0;
  // The time of this transaction; the same at every call.
  virtual absl::Time now() const = 0;

  struct Request {
    std::string target;  // Identity, or "ins" for that agency of our own domain.
    CaseContent content;
    std::optional<absl::Time> due_time;
    std::optional<absl::Time> expire_time;
    std::string procedure;    // For the inbox, e.g. "continued presence, initial".
    std::string in_reply_to;  // Message id; empty: none.
    // Referral that this one forwards or replaces, 16 bytes; empty: none.
    std::string parent_referral_id;
    std::string replaces_referral_id;
  };
  // Opens a referral: seals, signs and queues its request. Returns the
  // referral's id, 16 random bytes. Errors: INVALID_ARGUMENT the content is not
  // well formed; NOT_FOUND (UNKNOWN_RECIPIENT); UNAVAILABLE (DIRECTORY_UNKNOWN)
  // the bus was never reached, so nobody's key is known, (CERTIFICATE_UNKNOWN)
  // a certificate to encrypt to is missing or has run out; retry is safe.
  virtual absl::StatusOr<std::string> SendRequest(const Request& request) = 0;

  // Queues a step of a referral at its present version, to its other party.
  // Returns the message's id. CHANGE_SCOPE takes the next scope version.
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN); FAILED_PRECONDITION
  // (TRANSITION_NOT_ALLOWED) naming state and step; and as SendRequest.
  virtual absl::StatusOr<std::string> SendTransition(
      std::string_view referral_id, Transition transition, const CaseContent& content,
      std::optional<absl::Time> due_time = std::nullopt) = 0;

  // Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  virtual absl::StatusOr<ReferralView> Referral(std::string_view referral_id) = 0;

  // The same, and refuses a caller that saw another version or may not take
  // this step: call it first in an officer's step. Errors: NOT_FOUND
  // (REFERRAL_UNKNOWN); ABORTED (VERSION_STALE); FAILED_PRECONDITION
  // (TRANSITION_NOT_ALLOWED).
  virtual absl::StatusOr<ReferralView> ReferralForStep(std::string_view referral_id,
                                                       int64_t expected_version,
                                                       Transition transition) = 0;

  // What the inbox says of a referral: procedure, and the unit of ours that has
  // it. Handlers call it on REQUEST. Empty keeps what is there.
  virtual absl::Status Describe(std::string_view referral_id, std::string_view procedure,
                                std::string_view our_unit) = 0;

  // An officer has read how the referral ended, or the problem that it has: it
  // leaves the inbox. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  virtual absl::Status MarkRead(std::string_view referral_id) = 0;

  // Puts a referral into the inbox of the unit of ours that has it, whatever its
  // state, until an officer of the unit has read it (`NoticeRead`); no step on the
  // referral takes it out. `text` is sealed; a later one takes the place of the
  // earlier. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  virtual absl::Status Notify(std::string_view referral_id, std::string_view text) = 0;
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  virtual absl::Status NoticeRead(std::string_view referral_id) = 0;

  // Sends a memo: `body` is the serialized message that `type` stands for, 1 to
  // 256 KiB. It is sealed and signed after the commit, when the recipient's
  // certificate is good, so it never hinders what is done here. Memos may overtake
  // one another; each has its place. Nothing is sent where the bus has no such recipient or no such
  // type. `recipient`: an identity, "auditor", or "ins" for that agency of our own
  // domain. Errors: INVALID_ARGUMENT (MEMO_MALFORMED).
  virtual absl::Status SendMemo(std::string_view recipient, std::string_view type,
                                std::string body) = 0;

  // Who is on the bus, with units and their attributes, as last learned; null
  // before the bus was ever reached. Lives as long as the transaction.
  virtual const evidence::DirectoryView* directory() = 0;
};

// An agency's own rules.
//
// Called one at a time, each in a transaction of its own kind; must not block,
// and must not call the Agency or the Store.
class Handler {
 public:
  virtual ~Handler() = default;

  // Applies a message that came. The delivery receipt is stored and sent only
  // together with what this function did. An error undoes it:
  //   UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED, DEADLINE_EXCEEDED, CANCELLED,
  //   INTERNAL, UNKNOWN   the message is given back and comes again;
  //   any other           it never will do: the message is quarantined, with the
  //                       error on the referral for an officer to see.
  // A request that the law forbids is no error: return the referral with
  // TRANSITION_RETURN and its citation.
  virtual absl::Status OnCase(const CaseMessage& message, Tx& tx) = 0;

  // Learns that the bus refused a message of ours for good. The referral already
  // shows the refusal as its problem and stands where the bus has it; undo here
  // what the message would have made true. `content` is what it said.
  virtual absl::Status OnRefused(const CaseMessage& message, const absl::Status& refusal,
                                 Tx& tx) = 0;

  // Takes a memo, with errors as of OnCase. Findings of the auditor are the runtime's
  // own (findings.h) and do not come here. As it stands no memo is known.
  virtual absl::Status OnMemo(const MemoMessage& message, Tx& /*tx*/) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "MEMO_UNKNOWN",
        Problem("memo", "no memo of this type is taken here", Quoted(message.header.type()), ""));
  }
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CASE_H_
