#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_BUS_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_BUS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "tools/waystation/child.h"
#include "tools/waystation/dev_layout.h"
#include "tools/waystation/signals.h"

namespace waystation::cli {

// A bus that runs: the broker, every agency and the auditor as children of this
// process.
//
//   WS_ASSIGN_OR_RETURN(auto bus, DevBus::Start(options, clock, signals));
//   while ((status = bus->Watch(absl::Seconds(1))).ok()) {}
//   bus->Stop();
//
// The folder is locked while the bus runs. A throwaway folder goes with the
// bus, unless something failed: then its logs are wanted.
//
// Single-threaded: the command.
class DevBus {
 public:
  struct Options {
    std::string data_dir;  // Empty: a throwaway folder.
    int broker_port = 0;   // 0 takes a free one.
    std::vector<v1::DevAgency> agencies = DevAgencies();
  };

  // Makes the layout, starts everything and writes the profile, in the folder
  // and as the default one. Errors: CANCELLED stopped by a signal;
  // FAILED_PRECONDITION another bus runs in the folder, or a service does not
  // start; NOT_FOUND a program is missing.
  static absl::StatusOr<std::unique_ptr<DevBus>> Start(const Options& options, const Clock& clock,
                                                       Signals& signals);
  ~DevBus();

  // Waits up to `time`. Errors: CANCELLED a stop signal came;
  // FAILED_PRECONDITION a service ended by itself, with its last log line.
  absl::Status Watch(absl::Duration time);

  // Stops everything within 3 s: agencies and auditor first, so that what they hold
  // goes out or stays queued, then the broker. Idempotent. `keep` keeps a throwaway
  // folder.
  void Stop(bool keep);

  const DevLayout& layout() const { return *layout_; }
  const std::string& address(const std::string& service) { return addresses_[service]; }
  bool throwaway() const { return throwaway_; }

 private:
  DevBus(bool throwaway, const Clock& clock, Signals& signals)
      : throwaway_(throwaway), clock_(clock), signals_(signals) {}

  absl::Status Lock(const std::string& dir);
  absl::Status StartAll(const Options& options);
  absl::Status StartChild(const std::string& name, const std::string& program);
  absl::Status AwaitReady(Child& child);
  absl::Status WriteProfile() const;
  void ForgetProfile() const;

  const bool throwaway_;
  const Clock& clock_;
  Signals& signals_;
  int lock_ = -1;
  bool stopped_ = false;
  std::unique_ptr<DevLayout> layout_;
  std::map<std::string, std::string> addresses_;
  std::vector<std::unique_ptr<Child>> children_;  // In the order of starting.
};

// The program of a service that has none of its own in the list of agencies:
// $WAYSTATION_BIN_DIR/services/X/X, else beside this program's own folder in
// Bazel's output.
std::string ServiceProgram(const std::string& service);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_BUS_H_
