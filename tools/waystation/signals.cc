#include "tools/waystation/signals.h"

#include <pthread.h>

namespace waystation::cli {

Signals::Signals() {
  sigemptyset(&taken_);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&taken_, signal);
  pthread_sigmask(SIG_BLOCK, &taken_, &former_);
}

Signals::~Signals() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

Signals::Event Signals::Wait(absl::Duration timeout) {
  if (stopped_) return Event::kStop;
  const timespec wait = absl::ToTimespec(timeout);
  const int signal = sigtimedwait(&taken_, nullptr, &wait);
  if (signal < 0) return Event::kNothing;
  if (signal == SIGCHLD) return Event::kChild;
  stopped_ = true;
  return Event::kStop;
}

}  // namespace waystation::cli
