#ifndef WAYSTATION_SERVICES_AUDIT_RULES_DELIVERY_WATCH_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_DELIVERY_WATCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/fold.pb.h"
#include "services/audit/rules/rows.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::audit {

// Follows each message in each queue until its receipt and finds: leased and no
// receipt; set aside as a dead letter; another content than before, as a receiver
// saw it.
//
// Limits: a row for each message without a receipt.
// Pure: no clock, no disk. Thread-compatible.
class DeliveryWatch {
 public:
  explicit DeliveryWatch(const Rules& rules) : rules_(rules) {}

  void OnAccepted(const bus::v1::Header& header, uint64_t sequence);
  void OnLeased(const journal::v1::Leased& leased, uint64_t sequence, int64_t time_us);
  // Returns the referrals whose request was received.
  std::vector<std::string> OnDelivered(const journal::v1::Delivered& delivered, uint64_t sequence,
                                       int64_t time_us, Conclusions* out);
  void OnGivenBack(const journal::v1::GivenBack& given_back, uint64_t sequence, int64_t time_us,
                   Conclusions* out);
  void OnRedriven(const journal::v1::Redriven& redriven, uint64_t sequence, int64_t time_us,
                  Conclusions* out);
  // A message expired in a queue.
  void OnExpired(const journal::v1::Expired& expired, uint64_t sequence, int64_t time_us,
                 Conclusions* out);
  void OnTime(int64_t now_us, Conclusions* out);

  void TakeChanges(std::vector<RowChange>* out) { rows_.TakeChanges(out); }
  absl::Status Restore(const std::string& key, const std::string& bytes);

 private:
  // Ends what was found of the message, for `why`.
  void EndAll(const std::string& key, uint64_t sequence, int64_t time_us, const std::string& why,
              Conclusions* out);
  void EndNoReceipt(const std::string& key, uint64_t sequence, int64_t time_us,
                    const std::string& why, Conclusions* out);
  void Forget(const std::string& key);
  FindingChange About(const std::string& key, const v1::DeliveryRow& row, Rule rule,
                      int64_t time_us) const;

  const Rules& rules_;
  Rows<v1::DeliveryRow, RowKind::kDelivery> rows_;
  Timers timers_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_DELIVERY_WATCH_H_
