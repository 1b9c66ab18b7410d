#ifndef WAYSTATION_SERVICES_AUDIT_FOLLOW_LOOP_H_
#define WAYSTATION_SERVICES_AUDIT_FOLLOW_LOOP_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "services/audit/feed.h"
#include "services/audit/follower.h"

namespace waystation::audit {

// Runs the follower on one thread: takes what the feed brings, in order, and lets
// time go on when the broker is there and silent. Time stands still while it is
// away, since what is on the record by then is not known.
//
// An error of the follower ends the loop; whoever runs the process asks `failure`.
// `after_step` is called on its thread after each step; an error of it ends the loop
// too. Does not own follower and clock, which outlive it. Thread-safe.
class FollowLoop : public FeedListener {
 public:
  FollowLoop(Follower& follower, const Clock& clock,
             std::function<absl::Status()> after_step = nullptr);
  ~FollowLoop() override;

  uint64_t NextSequence() override { return follower_.NextSequence(); }
  // Waits until the records were taken.
  bool OnRecords(std::vector<std::string> records) override;
  void OnEnded(const absl::Status& why) override;
  void OnLog(absl::StatusOr<v1::GetCheckpointResponse> log) override;
  // What the auditor's own cosigner tells, or another party that was shown it. Waits
  // until it is kept. Errors: UNAVAILABLE it is not, tell it again.
  absl::Status OnConflict(const tlog::Cosigner::Conflict& conflict, const std::string& reporter);

  // Whether the record is followed right now.
  bool connected() const;
  // Waits until it is. False when `timeout` passed first.
  bool WaitConnected(absl::Duration timeout);
  // Why the loop ended by itself; OK while it runs.
  absl::Status failure() const;

  // Ends the thread; what is not taken is not taken. Idempotent.
  void Stop();

 private:
  using Task = std::function<absl::Status()>;

  void Run();
  // Runs `task` on the loop's thread behind what waits. False when the loop has
  // ended.
  bool Post(Task task);
  // The next task, or null when it is time for a tick or the loop has ended.
  Task Next(bool* ended);
  void Fail(const absl::Status& why);

  Follower& follower_;
  const Clock& clock_;
  const std::function<absl::Status()> after_step_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  // Monotonic time of the last records or tick. Of the loop's thread.
  absl::Duration ticked_;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FOLLOW_LOOP_H_
