#ifndef WAYSTATION_TOOLS_WAYSTATION_CHILD_H_
#define WAYSTATION_TOOLS_WAYSTATION_CHILD_H_

#include <sys/types.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "tools/waystation/signals.h"

namespace waystation::cli {

// A service that runs as a child of the command: its own process group, so that
// Ctrl-C reaches the command alone; killed by the kernel when the command dies;
// standard error appended to a log file.
//
//   WS_ASSIGN_OR_RETURN(auto broker, Child::Start(options, signals));
//   WS_ASSIGN_OR_RETURN(std::string address, broker->AwaitReady(deadline, signals));
//
// Destruction kills it. Make and use it on the main thread alone: the kernel
// ties the child to the thread that made it.
//
// Single-threaded: the command.
class Child {
 public:
  struct Options {
    std::string name;  // "broker": also the name in its ready line.
    std::vector<std::string> command;
    std::string log_path;
  };

  // Errors: NOT_FOUND the binary is missing; FAILED_PRECONDITION it cannot run.
  static absl::StatusOr<std::unique_ptr<Child>> Start(Options options, const Signals& signals);
  ~Child();

  // Reads standard output up to the line "ready <name> <host:port>" and returns
  // the address. Errors: CANCELLED stopped by a signal; DEADLINE_EXCEEDED not
  // ready in `patience`; FAILED_PRECONDITION it ended, with its last log line.
  absl::StatusOr<std::string> AwaitReady(absl::Duration patience, const Clock& clock,
                                         Signals& signals);

  // OK while it runs. Errors: FAILED_PRECONDITION with its last log line.
  absl::Status Check();

  // Sends a signal; nothing when it has ended.
  void Send(int signal);

  // Whether it has ended; takes its exit status from the kernel.
  bool Ended();

  const std::string& name() const { return options_.name; }
  const std::string& log_path() const { return options_.log_path; }
  pid_t pid() const { return pid_; }

 private:
  Child(Options options, pid_t pid, int output)
      : options_(std::move(options)), pid_(pid), output_(output) {}

  std::string ReadReadyLine();

  const Options options_;
  const pid_t pid_;
  int output_;
  std::string seen_;
  bool ended_ = false;
  int wait_status_ = 0;
};

// Stops children together: SIGTERM, and SIGKILL for those that are left when
// `patience` has passed.
void StopChildren(const std::vector<Child*>& children, absl::Duration patience, const Clock& clock);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CHILD_H_
