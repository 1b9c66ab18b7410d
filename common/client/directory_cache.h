#ifndef WAYSTATION_COMMON_CLIENT_DIRECTORY_CACHE_H_
#define WAYSTATION_COMMON_CLIENT_DIRECTORY_CACHE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"

namespace waystation::client {

// The directory as last fetched. It is fetched at the first question and when
// somebody meets what it does not have.
//
// A version never goes back: a fetched directory that is older than the one at
// hand is refused. Does not own the clock.
//
// Thread-safe.
class DirectoryCache {
 public:
  using View = std::shared_ptr<const evidence::DirectoryView>;
  using Fetch = std::function<absl::StatusOr<bus::v1::Directory>()>;

  // `refresh_min` bounds how often refreshing asks the broker; `fetch` is
  // called by one thread at a time.
  DirectoryCache(Fetch fetch, absl::Duration refresh_min, const Clock& clock);

  // The directory at hand. Errors: those of the fetch, DATA_LOSS the broker
  // sent one that cannot be read.
  absl::StatusOr<View> Get();

  // A directory newer than `seen_version` when there is one: the one at hand,
  // or a fetched one. Returns the one at hand when the last fetch is less than
  // `refresh_min` ago. Errors: as Get.
  absl::StatusOr<View> Refresh(uint64_t seen_version);

  // Tells `listener` each new version from now on, in order, from the thread
  // that fetched it. It must not call this object. One listener; set it before
  // others use the cache.
  void SetListener(std::function<void(const View&)> listener);

 private:
  absl::StatusOr<View> FetchLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Fetch fetch_;
  const absl::Duration refresh_min_;
  const Clock& clock_;
  std::mutex mutex_;
  std::function<void(const View&)> listener_ ABSL_GUARDED_BY(mutex_);
  View view_ ABSL_GUARDED_BY(mutex_);
  absl::Duration fetched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_DIRECTORY_CACHE_H_
