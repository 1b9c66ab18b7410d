#ifndef WAYSTATION_SERVICES_BROKER_EDGE_OPEN_STREAMS_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_OPEN_STREAMS_H_

#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"

namespace waystation::broker {

// The streams that are open, so that a shutdown can end them with a word
// instead of a cut. Each gives a function that ends it.
//
// Thread-safe.
class OpenStreams {
 public:
  void Add(const void* stream, std::function<void()> end) {
    std::lock_guard<std::mutex> lock(mutex_);
    ends_[stream] = std::move(end);
  }

  void Remove(const void* stream) {
    std::lock_guard<std::mutex> lock(mutex_);
    ends_.erase(stream);
  }

  void EndAll() {
    std::map<const void*, std::function<void()>> ends;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ends = ends_;
    }
    for (const auto& [stream, end] : ends) end();
  }

 private:
  std::mutex mutex_;
  std::map<const void*, std::function<void()>> ends_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_OPEN_STREAMS_H_
