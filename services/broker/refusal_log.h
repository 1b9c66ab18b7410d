#ifndef WAYSTATION_SERVICES_BROKER_REFUSAL_LOG_H_
#define WAYSTATION_SERVICES_BROKER_REFUSAL_LOG_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/rpc/tls.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {

// Collects refusals until the sequencer puts them on the record: one for each
// peer, reason, stage and second, at most 100 a second and one more that counts
// the rest, so that a flood of bad calls cannot fill the journal.
//
// Does not own the clock.
// Thread-safe.
class RefusalLog : public rpc::RefusalSink {
 public:
  explicit RefusalLog(const Clock& clock) : clock_(clock) {}

  void OnRefusal(std::string_view peer, std::string_view stage, std::string_view reason,
                 std::string_view text) override;
  // The same from a status; OK and statuses without reason get the code's name.
  void Add(std::string_view peer, std::string_view stage, const absl::Status& status);

  // Takes the refusals of seconds that have ended; all of them with `all`.
  std::vector<journal::v1::Refused> Take(bool all);
  bool empty() const;

 private:
  // Second, peer, stage, reason.
  using Key = std::tuple<int64_t, std::string, std::string, std::string>;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, journal::v1::Refused> pending_ ABSL_GUARDED_BY(mutex_);
  int64_t second_ ABSL_GUARDED_BY(mutex_) = 0;
  int in_second_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_REFUSAL_LOG_H_
