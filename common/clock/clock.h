#ifndef WAYSTATION_COMMON_CLOCK_CLOCK_H_
#define WAYSTATION_COMMON_CLOCK_CLOCK_H_

#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace waystation {

// Where a part of the system learns the time, so that a test can say what time
// it is. Nothing outside this folder calls absl::Now().
//
//   Message Stamp(const Clock& clock) { return {.time = clock.Now()}; }
//
// Wall time may step backwards or forwards; monotonic time never goes back.
// Who must notice a step compares the two.
//
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Returns the wall time.
  virtual absl::Time Now() const = 0;

  // Returns the time since an origin that stays the same while the process
  // lives. It means nothing to another process.
  virtual absl::Duration Monotonic() const = 0;
};

// The machine's clock.
//
// Thread-safe.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

// A clock that stands still until a test moves it.
//
//   FakeClock clock(absl::FromUnixSeconds(1'700'000'000));
//   clock.Advance(absl::Seconds(5));
//
// Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;

  // Moves wall and monotonic time forward together. `step` is not negative.
  void Advance(absl::Duration step);

  // Steps the wall time alone, forwards or backwards, as a wrong time server
  // or an operator would.
  void SetNow(absl::Time now);

 private:
  mutable std::mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace waystation

#endif  // WAYSTATION_COMMON_CLOCK_CLOCK_H_
