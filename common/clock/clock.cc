#include "common/clock/clock.h"

#include <chrono>

#include "absl/time/clock.h"
#include "common/status/status.h"

namespace waystation {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

absl::Time FakeClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

absl::Duration FakeClock::Monotonic() const {
  std::lock_guard lock(mutex_);
  return monotonic_;
}

void FakeClock::Advance(absl::Duration step) {
  WS_CHECK(step >= absl::ZeroDuration());
  std::lock_guard lock(mutex_);
  now_ += step;
  monotonic_ += step;
}

void FakeClock::SetNow(absl::Time now) {
  std::lock_guard lock(mutex_);
  now_ = now;
}

}  // namespace waystation
