#ifndef WAYSTATION_TOOLS_WAYSTATION_SIGNALS_H_
#define WAYSTATION_TOOLS_WAYSTATION_SIGNALS_H_

#include <csignal>

#include "absl/time/time.h"

namespace waystation::cli {

// Ctrl-C and its kin, taken as events instead of interrupts, so that children
// are stopped in order. Make it before any thread starts: the signals are
// blocked from then on, in every thread, and only `Wait` sees them. Destruction
// brings the former mask back.
//
// Single-threaded: the command.
class Signals {
 public:
  enum class Event { kNothing, kStop, kChild };

  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits at most `timeout` for SIGINT, SIGTERM or SIGHUP (kStop) or the end of
  // a child (kChild). A stop stays one: every later call returns it at once.
  Event Wait(absl::Duration timeout);

  // The mask that was in force before, for children.
  const sigset_t& former() const { return former_; }

 private:
  sigset_t taken_;
  sigset_t former_;
  bool stopped_ = false;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SIGNALS_H_
