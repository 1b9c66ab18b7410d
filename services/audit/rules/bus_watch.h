#ifndef WAYSTATION_SERVICES_AUDIT_RULES_BUS_WATCH_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_BUS_WATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/fold.pb.h"
#include "services/audit/rules/rows.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::audit {

// What the auditor saw of the broker's audit log at one time.
struct LogSeen {
  uint64_t size = 0;  // Of the newest checkpoint.
  // For each cosigner of the log's policy, by its identity: the size of the newest
  // checkpoint seen with its cosignature, or 0.
  std::map<std::string, uint64_t> cosigned{};
};

// Watches the bus itself rather than one handoff, and finds: journal time ahead of
// the auditor's clock; a message's time far from its accept time; records signed
// with a certificate that was revoked later; a cosigner that is behind; no log, a
// split log, a log that does not match the record.
//
// Pure: no clock, no disk. Thread-compatible.
class BusWatch {
 public:
  explicit BusWatch(const Rules& rules) : rules_(rules) {}

  // Identity of the broker that writes; empty before the first epoch.
  const std::string& broker() const;
  void SetBroker(const std::string& broker);

  // `now_us` is the auditor's clock when the record came.
  void OnRecordTime(uint64_t sequence, int64_t time_us, int64_t now_us, Conclusions* out);
  void OnAccepted(const bus::v1::Header& header, uint64_t sequence, int64_t time_us,
                  Conclusions* out);
  void OnSigned(const std::string& certificate_sha256, const std::string& signer, uint64_t sequence,
                int64_t time_us, Conclusions* out);
  // The certificate is revoked by now; `sequences` of `count` records bear it.
  void OnRevoked(const std::string& certificate_sha256, std::vector<uint64_t> sequences,
                 uint64_t count, int64_t now_us, Conclusions* out);
  // Every certificate that signed, by its SHA-256.
  const std::map<std::string, v1::CertificateRow, std::less<>>& certificates() const {
    return certificates_.all();
  }

  void OnLogSeen(const LogSeen& seen, int64_t now_us, Conclusions* out);
  void OnNoLog(int64_t now_us, Conclusions* out);
  void OnSplit(const std::string& detail, std::vector<uint64_t> sequences, int64_t now_us,
               Conclusions* out);
  void OnInconsistent(const std::string& detail, std::vector<uint64_t> sequences, int64_t now_us,
                      Conclusions* out);

  void TakeChanges(std::vector<RowChange>* out);
  absl::Status Restore(RowKind kind, const std::string& key, const std::string& bytes);

 private:
  void JudgeCosigner(const std::string& cosigner, uint64_t cosigned, uint64_t newest,
                     int64_t now_us, Conclusions* out);
  void EndLogMissing(int64_t now_us, Conclusions* out);

  const Rules& rules_;
  Rows<v1::BrokerRow, RowKind::kBroker> broker_;
  Rows<v1::CertificateRow, RowKind::kCertificate> certificates_;
  Rows<v1::CosignerRow, RowKind::kCosigner> cosigners_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_BUS_WATCH_H_
