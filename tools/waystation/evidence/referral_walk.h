#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_REFERRAL_WALK_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_REFERRAL_WALK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/referral/table.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::cli {

// Walks one referral's steps through the table of referrals as the broker's ledger
// does, from what the parties signed: versions without a gap, scope, the party that
// may take the step, its other party as first recipient.
//
// Errors of every step: FAILED_PRECONDITION (VERIFICATION_FAILED). A step that is
// refused changes nothing. Thread-compatible.
class ReferralWalk {
 public:
  absl::Status Message(const bus::v1::Header& header);
  // A delivery receipt of `recipient` for message `message_id`. True when it makes a
  // step: the target's for the request, while nothing came before it.
  bool Received(const std::string& recipient, const std::string& message_id);
  // The broker's own step, at journal time `time_us`.
  absl::Status Expired(int64_t time_us);

  types::v1::ReferralState state() const { return standing_.state; }
  uint64_t version() const { return version_; }

 private:
  absl::Status Begin(const bus::v1::Header& header);
  absl::Status CheckStep(const bus::v1::Header& header, referral::Event event,
                         referral::Party party) const;
  referral::Party PartyOf(const std::string& identity) const;
  void Move(const referral::Edge& edge);

  referral::Standing standing_;
  uint64_t version_ = 0;
  uint32_t scope_version_ = 0;
  bool scope_unanswered_ = false;
  std::string requester_;
  std::string target_;
  std::string request_id_;
  int64_t expire_us_ = 0;  // 0: never.
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_REFERRAL_WALK_H_
