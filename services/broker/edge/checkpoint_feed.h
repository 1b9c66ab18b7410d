#ifndef WAYSTATION_SERVICES_BROKER_EDGE_CHECKPOINT_FEED_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_CHECKPOINT_FEED_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"

namespace waystation::broker {

// Carries the newest cosigned checkpoint to every pull stream: first when it opens,
// then whenever there is a newer one. So a broker that shows two histories shows
// each receiver a proof of it.
//
// Thread-safe. `send` must not block and not call back.
class CheckpointFeed {
 public:
  void Tell(const std::string& note) {
    std::lock_guard<std::mutex> lock(mutex_);
    newest_ = note;
    for (const auto& [stream, send] : streams_) send(newest_);
  }

  void Add(const void* stream, std::function<void(const std::string& note)> send) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!newest_.empty()) send(newest_);
    streams_[stream] = std::move(send);
  }

  void Remove(const void* stream) {
    std::lock_guard<std::mutex> lock(mutex_);
    streams_.erase(stream);
  }

 private:
  std::mutex mutex_;
  std::string newest_ ABSL_GUARDED_BY(mutex_);
  std::map<const void*, std::function<void(const std::string&)>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_CHECKPOINT_FEED_H_
