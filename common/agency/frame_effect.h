#ifndef WAYSTATION_COMMON_AGENCY_FRAME_EFFECT_H_
#define WAYSTATION_COMMON_AGENCY_FRAME_EFFECT_H_

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/agency_tx.h"
#include "common/agency/bus.h"
#include "common/agency/case.h"
#include "common/agency/receipts.h"
#include "common/agency/referral_rows.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/memo/v1/memo.pb.h"

namespace waystation::agency {

// One delivery, opened before the transaction so that it stays short.
struct OpenedDelivery {
  VerifiedDelivery delivery;
  absl::Status opened;
  CaseContent content;  // Of a case.
  memo::v1::Memo memo;  // Of a memo.

  bool is_case() const { return delivery.header.has_referral(); }
};

// Applies one frame inside one transaction: effects, inbox rows, and the signed
// batch of receipts for them; and says what to send once it is committed.
// Private to the runtime.
//
// Single-threaded: the receiving thread.
class FrameEffect {
 public:
  FrameEffect(AgencyTx& tx, Handler& handler, const Identity& identity)
      : tx_(tx), handler_(handler), identity_(identity) {}

  // Errors: of the store alone; then nothing of the frame may be answered.
  absl::Status Apply(const std::vector<OpenedDelivery>& frame);

  // What to send once the transaction is committed: receipts that are new, and
  // those that are sent again.
  const FrameReply& reply() const { return reply_; }

 private:
  absl::Status ApplyOne(const OpenedDelivery& opened);
  absl::Status ApplyAgain(const OpenedDelivery& opened, const InboxRow& known);
  absl::Status ApplyNew(const OpenedDelivery& opened);
  absl::Status Act(const OpenedDelivery& opened);
  absl::Status ActOnMemo(const OpenedDelivery& opened);
  absl::Status Quarantine(const OpenedDelivery& opened, const absl::Status& why);
  absl::Status ShowProblem(const VerifiedDelivery& delivery, const std::string& problem);
  absl::Status MoveReferral(const VerifiedDelivery& delivery, const CaseContent* content);
  absl::StatusOr<ReferralRow> RowFor(const VerifiedDelivery& delivery);
  absl::Status AddReceipt(const VerifiedDelivery& delivery, bus::v1::DeliveryOutcome outcome,
                          const std::string& problem);
  absl::Status SignReceipts();
  void Return(const VerifiedDelivery& delivery, std::string_view reason);

  AgencyTx& tx_;
  Handler& handler_;
  const Identity& identity_;
  std::vector<std::string> receipts_;
  std::vector<InboxRow> rows_;
  std::set<int64_t> resent_;
  FrameReply reply_;
};

// Takes over what the bus said of our receipts.
absl::Status ApplyAckResults(Transaction& db,
                             const std::vector<std::pair<std::string, absl::Status>>& results);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_FRAME_EFFECT_H_
