#ifndef WAYSTATION_TOOLS_WAYSTATION_CHECKS_H_
#define WAYSTATION_TOOLS_WAYSTATION_CHECKS_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/rpc/tls.h"
#include "tools/waystation/output.h"
#include "tools/waystation/profile.h"
#include "tools/waystation/session.h"

namespace waystation::cli {

// One thing that `doctor` looked at.
struct CheckResult {
  std::string what;
  bool ok = true;
  std::string found;
  std::string fix;  // Empty when it is ok.
};

// Prints results as they come and remembers whether all were ok.
//
// Single-threaded: the command.
class CheckList {
 public:
  explicit CheckList(Output& out) : out_(out) {}

  void Ok(const std::string& what, const std::string& found);
  void Fail(const std::string& what, const std::string& found, const std::string& fix);
  // Ok with `found`, or the failure of `status`.
  void Report(const std::string& what, const absl::Status& status, const std::string& found,
              const std::string& fix);

  int failed() const { return failed_; }

 private:
  void Print(const CheckResult& result);

  Output& out_;
  int failed_ = 0;
};

// Keeps why this side refused a server in the handshake.
//
// Thread-safe.
class KeptRefusal : public rpc::RefusalSink {
 public:
  void OnRefusal(std::string_view peer, std::string_view stage, std::string_view reason,
                 std::string_view text) override;
  // "CERTIFICATE_EXPIRED: ...", or "" when nothing was refused.
  std::string text();

 private:
  std::mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

// The folder of the authority that the profile trusts, or "DIR" when it is not here.
std::string AuthorityDir(const Profile& profile);

// The command by which that authority issues a TLS certificate of `identity` anew.
std::string ReissueFix(const Profile& profile, std::string_view identity);

// What needs no network: certificates, keys and revocation list of the profile.
void CheckFiles(const Session& session, const Profile& profile, CheckList* list);

// What does: broker, handshakes both ways, clock, enrolment, agency services.
void CheckNetwork(const Session& session, const Profile& profile, CheckList* list);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CHECKS_H_
