#include "services/audit/follow_loop.h"

#include <memory>
#include <optional>
#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// Conflicts and looks at the log; records wait for their turn one by one.
constexpr size_t kTasksMax = 64;

}  // namespace

FollowLoop::FollowLoop(Follower& follower, const Clock& clock,
                       std::function<absl::Status()> after_step)
    : follower_(follower),
      clock_(clock),
      after_step_(std::move(after_step)),
      ticked_(clock.Monotonic()),
      thread_([this] { Run(); }) {}

FollowLoop::~FollowLoop() { Stop(); }

void FollowLoop::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool FollowLoop::Post(Task task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_ || tasks_.size() >= kTasksMax) return false;
  tasks_.push_back(std::move(task));
  changed_.notify_all();
  return true;
}

bool FollowLoop::OnRecords(std::vector<std::string> records) {
  struct Answer {
    bool given = false;
    bool fits = false;
  };
  auto answer = std::make_shared<Answer>();
  const bool posted = Post([this, answer, records = std::move(records)]() -> absl::Status {
    bool fits = false;
    const absl::Status status = follower_.TakeRecords(records, &fits);
    ticked_ = clock_.Monotonic();
    std::lock_guard<std::mutex> lock(mutex_);
    connected_ = status.ok() && fits;
    *answer = {true, connected_};
    changed_.notify_all();
    return status;
  });
  if (!posted) return false;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return answer->given || stopped_; });
  return answer->fits;
}

void FollowLoop::OnEnded(const absl::Status& why) {
  Post([this, why] {
    bool was = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      was = std::exchange(connected_, false);
    }
    if (was) log::Warning("audit", "record_ended", {{"text", Std(why.message())}});
    return follower_.TakeEnd(why);
  });
}

void FollowLoop::OnLog(absl::StatusOr<v1::GetCheckpointResponse> log) {
  Post([this, log = std::move(log)] { return follower_.TakeLog(log); });
}

absl::Status FollowLoop::OnConflict(const tlog::Cosigner::Conflict& conflict,
                                    const std::string& reporter) {
  auto taken = std::make_shared<std::optional<absl::Status>>();
  const bool posted = Post([this, conflict, reporter, taken] {
    const absl::Status status = follower_.TakeConflict(conflict, reporter);
    std::lock_guard<std::mutex> lock(mutex_);
    *taken = status;
    changed_.notify_all();
    return status;
  });
  std::unique_lock<std::mutex> lock(mutex_);
  if (posted) {
    changed_.wait(lock,
                  [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return taken->has_value() || stopped_; });
  }
  if (taken->has_value() && (*taken)->ok()) return absl::OkStatus();
  return absl::UnavailableError(Problem("conflict", "not kept by the auditor",
                                        posted ? "a stop or a failure" : "a full queue",
                                        "the same report again"));
}

FollowLoop::Task FollowLoop::Next(bool* ended) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(kTick),
                    [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_ || !tasks_.empty(); });
  *ended = stopped_;
  if (stopped_ || tasks_.empty()) return nullptr;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

void FollowLoop::Run() {
  absl::Status status;
  bool ended = false;
  while (status.ok()) {
    Task task = Next(&ended);
    if (ended) return;
    if (task != nullptr) status = task();
    const absl::Duration now = clock_.Monotonic();
    if (status.ok() && connected() && now - ticked_ >= kTick) {
      ticked_ = now;
      status = follower_.Tick();
    }
    if (status.ok() && after_step_ != nullptr) status = after_step_();
  }
  Fail(status);
}

void FollowLoop::Fail(const absl::Status& why) {
  log::Error("audit", "follower_failed", {{"status", why.ToString()}});
  std::lock_guard<std::mutex> lock(mutex_);
  failure_ = why;
  stopped_ = true;
  connected_ = false;
  tasks_.clear();
  changed_.notify_all();
}

bool FollowLoop::connected() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return connected_;
}

bool FollowLoop::WaitConnected(absl::Duration timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                           [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return connected_ || stopped_; });
}

absl::Status FollowLoop::failure() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

}  // namespace waystation::audit
