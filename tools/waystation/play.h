#ifndef WAYSTATION_TOOLS_WAYSTATION_PLAY_H_
#define WAYSTATION_TOOLS_WAYSTATION_PLAY_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/status.h"
#include "tools/waystation/audit_remote.h"
#include "tools/waystation/dev_bus.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/history_source.h"
#include "tools/waystation/officer.h"

namespace waystation::cli {

// Officers of a bus at work: each call is one that an officer of that unit would
// make, and made again with the same request_id while the server is out of
// reach, so that whatever became of the first one it takes effect once.
//
//   WS_ASSIGN_OR_RETURN(Play play, Play::On(session, *bus));
//   WS_ASSIGN_OR_RETURN(auto page, play.Ask("orr-3101", &HhsService::Stub::ListCases, request));
//
// Every wait also watches the bus and Ctrl-C. Connections are kept, and made
// anew, by the profile as it is then, when a server was out of reach.
//
// Single-threaded: the command.
class Play {
 public:
  // The bus that it plays on.
  struct Bus {
    std::string profile_path;
    // Waits so long. Errors: CANCELLED a stop signal came; FAILED_PRECONDITION a
    // service of our own ended.
    std::function<absl::Status(absl::Duration)> watch;
    // How long a server may be out of reach before that is the end.
    absl::Duration patience;
    std::string logs;  // Where to look when something does not happen.
    // Whether it may be a bus on which nobody runs an auditor.
    bool may_lack_auditor = false;
  };

  // A bus of our own, whose servers are never out of reach: one that dies is
  // the end. Errors: of Profile::Load.
  static absl::StatusOr<Play> On(const Session& session, DevBus& bus);
  // Errors: of Profile::Load.
  static absl::StatusOr<Play> On(const Session& session, Bus bus);

  // One call as `staff_id`. Errors: those of the server; UNAVAILABLE or
  // DEADLINE_EXCEEDED once patience has run out; of Bus::watch.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Ask(const std::string& staff_id,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               const Request& request) {
    return Persist<Response>([&]() -> absl::StatusOr<Response> {
      WS_ASSIGN_OR_RETURN(Officer * officer, Find(staff_id));
      return officer->Ask(method, request);
    });
  }

  // The unit of an officer. Errors: NOT_FOUND.
  absl::StatusOr<std::string> UnitOf(const std::string& staff_id) const;

  // Where the ledger has it.
  absl::StatusOr<bus::v1::Referral> Ledger(const std::string& referral_id);
  absl::StatusOr<VerifiedHistory> History(const std::string& referral_id);

  // Whether the auditor answers; asked for some seconds on a bus that may lack him.
  // Errors: those of his service; UNAVAILABLE or DEADLINE_EXCEEDED he is out of reach
  // on a bus that has one.
  absl::StatusOr<bool> HasAuditor();
  // What he found, as the profile's auditor sees it.
  absl::StatusOr<std::vector<audit::v1::Finding>> Findings(
      const audit::v1::ListFindingsRequest& request);
  absl::StatusOr<audit::v1::Finding> Finding(const std::string& finding_id);

  // Asks until `done` says yes; a NOT_FOUND counts as not yet. Errors:
  // DEADLINE_EXCEEDED naming `what` when it took longer than any answer should,
  // and `longer` besides; of Bus::watch.
  absl::Status Await(const std::string& what, const std::function<absl::StatusOr<bool>()>& done,
                     absl::Duration longer = absl::ZeroDuration());
  // Until the target's delivery receipt is on the record.
  absl::Status AwaitReceived(const std::string& referral_id);

  std::string NewRequestId() const { return RequestId(session_, ""); }
  absl::Time Now() const { return session_.clock.Now(); }
  absl::Duration Monotonic() const { return session_.clock.Monotonic(); }
  // A day so many days from today.
  types::v1::Date Day(int days_from_today) const;

 private:
  Play(const Session& session, Profile profile, Bus bus)
      : session_(session), profile_(std::move(profile)), bus_(std::move(bus)) {}

  absl::StatusOr<Officer*> Find(const std::string& staff_id);
  absl::StatusOr<HistorySource*> Auditor();
  absl::StatusOr<AuditRemote*> Audit();

  template <typename Response>
  absl::StatusOr<Response> Persist(const std::function<absl::StatusOr<Response>()>& call) {
    return Persist<Response>(call, bus_.patience);
  }
  // Calls, and again while the server is out of reach and patience is left.
  template <typename Response>
  absl::StatusOr<Response> Persist(const std::function<absl::StatusOr<Response>()>& call,
                                   absl::Duration patience) {
    const absl::Duration end = Monotonic() + patience;
    while (true) {
      absl::StatusOr<Response> response = call();
      if (ExitCodeOf(response.status()) != ExitCode::kUnreachable || Monotonic() >= end) {
        return response;
      }
      WS_RETURN_IF_ERROR(Reconnect());
    }
  }
  absl::Status Reconnect();

  const Session& session_;
  Profile profile_;
  Bus bus_;
  std::map<std::string, Officer> officers_;
  std::optional<HistorySource> auditor_;
  std::optional<AuditRemote> audit_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PLAY_H_
