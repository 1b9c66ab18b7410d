#ifndef WAYSTATION_COMMON_AGENCY_OUTCOME_H_
#define WAYSTATION_COMMON_AGENCY_OUTCOME_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/agency_tx.h"
#include "common/agency/case.h"
#include "waystation/bus/v1/ledger.pb.h"
#include "waystation/bus/v1/message.pb.h"

// What the bus said of our messages and referrals, taken over into the store.
// Private to the runtime. Thread-compatible functions: one transaction each.

namespace waystation::agency {

// What became of one message that was sent.
struct PublishOutcome {
  std::string message_id;
  absl::StatusOr<bus::v1::SignedReceipt> result;
};

// Whether the same bytes may be taken another time: the bus is away, or refuses for
// what is not the message's fault, a full queue or a revocation list of its own that
// has run out (protos/README.md, Errors: "again"). Thread-safe.
bool MayBeTakenLater(const absl::Status& result);

// Marks the message kept, or refused; a refusal takes with it what was queued on
// top of it, resets the referral to where the bus has it, and tells `handler` of
// every message that is lost by it. What may be taken later changes nothing.
absl::Status ApplyOutcome(AgencyTx& tx, Handler& handler, const PublishOutcome& outcome);

// Takes over the ledger's word. Older than what is known is ignored, unless
// `also_older`: the bus has lost steps for good.
absl::Status ApplyLedger(Transaction& db, const bus::v1::Referral& ledger, bool also_older = false);

// Open referrals of ours as requester whose target's receipt we have not seen.
absl::StatusOr<std::vector<std::string>> WaitingReferrals(Transaction& db);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_OUTCOME_H_
