#ifndef WAYSTATION_COMMON_AGENCY_RETRIES_H_
#define WAYSTATION_COMMON_AGENCY_RETRIES_H_

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace waystation::agency {

// When what the bus could not take may be tried again: each message after a time of
// its own, which doubles, so that one that waits long takes nothing from the others.
//
// Times are of one monotonic clock. Thread-compatible.
class Retries {
 public:
  Retries(absl::Duration min, absl::Duration max) : min_(min), max_(max) {}

  // It was not taken at `now`.
  void NotTaken(const std::string& id, absl::Duration now) {
    Wait& wait = waits_[id];
    wait.length = std::clamp(wait.length * 2, min_, max_);
    wait.until = now + wait.length;
  }
  // It is tried; whoever asked does not wait for it until it is not taken again.
  void Trying(const std::string& id) {
    const auto it = waits_.find(id);
    if (it != waits_.end()) it->second.until = absl::InfiniteDuration();
  }
  void Forget(const std::string& id) { waits_.erase(id); }
  // What is due and was not tried has nothing to wait for any more; but `except`.
  void ForgetDue(absl::Duration now, const std::string& except) {
    std::erase_if(
        waits_, [&](const auto& each) { return each.second.until <= now && each.first != except; });
  }
  // Everything may be tried at once, e.g. because the bus is there again.
  void Clear() { waits_.clear(); }

  bool IsDue(const std::string& id, absl::Duration now) const {
    const auto it = waits_.find(id);
    return it == waits_.end() || it->second.until <= now;
  }
  // How long until something is due; nothing when nothing waits but what is tried.
  std::optional<absl::Duration> NextIn(absl::Duration now) const {
    std::optional<absl::Duration> next;
    for (const auto& [id, wait] : waits_) {
      if (wait.until == absl::InfiniteDuration()) continue;
      const absl::Duration left = std::max(wait.until - now, absl::ZeroDuration());
      next = next.has_value() ? std::min(*next, left) : left;
    }
    return next;
  }

 private:
  struct Wait {
    absl::Duration length = absl::ZeroDuration();
    absl::Duration until = absl::ZeroDuration();
  };

  const absl::Duration min_;
  const absl::Duration max_;
  std::map<std::string, Wait> waits_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_RETRIES_H_
