#ifndef WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_WATCH_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_WATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/fold.pb.h"
#include "services/audit/rules/rows.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::audit {

// Where an event stands on the record.
struct EventPlace {
  std::string sender;     // Identity, of the message that carried it.
  uint64_t sequence = 0;  // Of that message.
  int64_t time_us = 0;    // When the journal took it.
  uint64_t place = 0;     // Among all memos of the sender.
};

// Follows what agencies say of themselves and finds: a duty under TVPA 107(c) open
// for too long; a certification that is due and not sent; a cap that is near,
// reached, exceeded.
//
// An event was found good (CheckEvent) before. They come in any order: of one sender
// the greater place holds, and what INS says of a basis and what HHS says of a letter
// are kept apart.
//
// Pure: no clock, no disk. Thread-compatible.
class ComplianceWatch {
 public:
  explicit ComplianceWatch(const Rules& rules) : rules_(rules) {}

  void OnEvent(const v1::ComplianceEvent& event, const EventPlace& place, Conclusions* out);
  // Every event of a time before `now_us` has been applied.
  void OnTime(int64_t now_us, Conclusions* out);

  void TakeChanges(std::vector<RowChange>* out);
  absl::Status Restore(RowKind kind, const std::string& key, const std::string& bytes);

 private:
  void OnDuties(const v1::DutyStanding& duties, const EventPlace& place, Conclusions* out);
  void OnCertification(const v1::CertificationStanding& said, const EventPlace& place,
                       Conclusions* out);
  void OnCap(const v1::CapStanding& cap, const EventPlace& place, Conclusions* out);
  void RaiseDuties(const std::string& key, int64_t now_us, Conclusions* out);
  void RaiseCertification(const std::string& key, int64_t now_us, Conclusions* out);

  const Rules& rules_;
  Rows<v1::DutyRow, RowKind::kDuties> duties_;
  Rows<v1::CertificationRow, RowKind::kCertification> certifications_;
  Rows<v1::CapRow, RowKind::kCap> caps_;
  Timers duty_timers_;
  Timers certification_timers_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_WATCH_H_
