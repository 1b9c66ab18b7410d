#ifndef WAYSTATION_SERVICES_AUDIT_AUDITOR_H_
#define WAYSTATION_SERVICES_AUDIT_AUDITOR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "services/audit/config.h"

namespace waystation::audit {

// The running auditor: follows the record into its database, raises and ends
// findings, cosigns when it has a key, answers the auditor and the audited.
//
//   WS_ASSIGN_OR_RETURN(auto auditor, Auditor::Start(std::move(loaded), clock));
//   while (auditor->failure().ok() && !stop) ...
//   auditor->Stop();
//
// The broker may be away at the start and at any time. Does not own the clock.
// Thread-safe.
class Auditor {
 public:
  // Errors: of the store; FAILED_PRECONDITION TLS files cannot be used; UNAVAILABLE
  // the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Auditor>> Start(LoadedConfig loaded, const Clock& clock);
  ~Auditor();

  // "host:port" of the API of findings.
  const std::string& address() const;
  // Waits until the record is followed. False when `timeout` passed first.
  bool WaitConnected(absl::Duration timeout);
  // Why it follows no more; OK while it does. It must be started anew.
  absl::Status failure() const;

  // Ends within 2 s. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit Auditor(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_AUDITOR_H_
