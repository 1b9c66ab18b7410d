#ifndef WAYSTATION_SERVICES_BROKER_EDGE_HISTORY_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_HISTORY_H_

#include <string>

#include "absl/status/status.h"
#include "services/broker/core/ledger.h"
#include "services/broker/store/block_reader.h"
#include "services/broker/store/projection.h"
#include "waystation/bus/v1/ledger.pb.h"

namespace waystation::broker {

// Puts the evidence of one referral together from the journal: each message's
// header and signature, custody receipt and delivery receipts, in order, with
// the state after each step folded anew.
//
// Does not own what it is given. Thread-safe.
class History {
 public:
  History(const Projection& projection, BlockReader& reader, std::string bus_id)
      : projection_(projection), reader_(reader), bus_id_(std::move(bus_id)) {}

  // Errors: the journal's.
  absl::Status Fill(const ReferralId& id, bus::v1::GetReferralHistoryResponse* out) const;

 private:
  absl::Status FillMessage(const journal::v1::Record& record, const bus::v1::Header& header,
                           bus::v1::HistoryEntry* entry) const;
  absl::Status FillReceipts(uint64_t sequence, bus::v1::HistoryEntry* entry) const;

  const Projection& projection_;
  BlockReader& reader_;
  const std::string bus_id_;
};

// A referral as the wire has it. Overdue is judged at `now_us`.
void FillReferral(const Referral& referral, int64_t now_us, bus::v1::Referral* out);

void SetTime(int64_t time_us, google::protobuf::Timestamp* out);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_HISTORY_H_
