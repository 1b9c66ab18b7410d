#ifndef WAYSTATION_COMMON_AGENCY_WORKER_POOL_H_
#define WAYSTATION_COMMON_AGENCY_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"

namespace waystation::agency {

// Threads that run tasks in the order they came, with a bound on how many wait.
// `Stop` (also the destructor) lets every accepted task run, so that each call
// that was taken is answered.
//
// Thread-safe.
class WorkerPool {
 public:
  WorkerPool(int threads, size_t waiting_max);
  ~WorkerPool();

  // False, and the task is not kept, when too many wait or after `Stop`.
  bool Submit(std::function<void()> task);

  // Takes no more tasks and returns when all have run. Idempotent.
  void Stop();

 private:
  void Work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::mutex join_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(join_mutex_);
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_WORKER_POOL_H_
