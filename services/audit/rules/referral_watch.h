#ifndef WAYSTATION_SERVICES_AUDIT_RULES_REFERRAL_WATCH_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_REFERRAL_WATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/referral/table.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/fold.pb.h"
#include "services/audit/rules/rows.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::audit {

// Follows each open referral by the referral table and finds: unanswered past its
// due time; received and no next step; change of scope unanswered; a step on the
// record that the table does not have.
//
// A referral that is final is followed no more, but for an unanswered change of
// scope; so a step after its end is not judged. A referral whose request was not
// followed is not judged either.
//
// Pure: no clock, no disk. Thread-compatible.
class ReferralWatch {
 public:
  explicit ReferralWatch(const Rules& rules) : rules_(rules) {}

  void OnAccepted(const bus::v1::Header& header, uint64_t sequence, int64_t time_us,
                  const std::string& broker, Conclusions* out);
  // The target's receipt for its request.
  void OnReceived(const std::string& referral_id, uint64_t sequence, int64_t time_us,
                  Conclusions* out);
  // The referral of that request expired.
  void OnExpired(uint64_t request_sequence, uint64_t sequence, int64_t time_us, Conclusions* out);
  // Everything of a time before `now_us` has been followed.
  void OnTime(int64_t now_us, Conclusions* out);

  void TakeChanges(std::vector<RowChange>* out) { rows_.TakeChanges(out); }
  absl::Status Restore(const std::string& key, const std::string& bytes);

 private:
  struct Step {
    referral::Event event;
    uint64_t sequence;
    int64_t time_us;
  };

  void OnRequest(const bus::v1::Header& header, const Step& step);
  void OnScope(const std::string& id, v1::ReferralRow& row, const Step& step, Conclusions* out);
  void RaiseImpossible(const bus::v1::Header& header, const v1::ReferralRow& row, const Step& step,
                       const std::string& broker, Conclusions* out);
  void Move(const std::string& id, const referral::Edge& edge, const Step& step, Conclusions* out);
  // Ends what the row's present state no longer bears out, and forgets the row when
  // there is nothing more to watch.
  void Settle(const std::string& id, const Step& step, Conclusions* out);
  int64_t NextUs(const v1::ReferralRow& row) const;
  void Judge(const std::string& id, int64_t now_us, Conclusions* out);
  FindingChange About(const std::string& id, const v1::ReferralRow& row, Rule rule,
                      int64_t now_us) const;

  const Rules& rules_;
  Rows<v1::ReferralRow, RowKind::kReferral> rows_;
  Timers timers_;
  std::map<uint64_t, std::string> by_request_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_REFERRAL_WATCH_H_
