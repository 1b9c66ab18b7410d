#include "common/client/directory_cache.h"

#include <utility>

#include "common/status/status.h"

namespace waystation::client {

DirectoryCache::DirectoryCache(Fetch fetch, absl::Duration refresh_min, const Clock& clock)
    : fetch_(std::move(fetch)), refresh_min_(refresh_min), clock_(clock) {}

absl::StatusOr<DirectoryCache::View> DirectoryCache::Get() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (view_ != nullptr) return view_;
  return FetchLocked();
}

absl::StatusOr<DirectoryCache::View> DirectoryCache::Refresh(uint64_t seen_version) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (view_ == nullptr) return FetchLocked();
  if (view_->version() > seen_version) return view_;
  if (clock_.Monotonic() - fetched_ < refresh_min_) return view_;
  return FetchLocked();
}

void DirectoryCache::SetListener(std::function<void(const View&)> listener) {
  std::lock_guard<std::mutex> lock(mutex_);
  listener_ = std::move(listener);
}

absl::StatusOr<DirectoryCache::View> DirectoryCache::FetchLocked() {
  fetched_ = clock_.Monotonic();
  WS_ASSIGN_OR_RETURN(bus::v1::Directory directory, fetch_());
  if (view_ != nullptr && directory.version() == view_->version()) return view_;
  if (view_ != nullptr && directory.version() < view_->version()) {
    return absl::DataLossError(Problem("directory", "older than the one at hand",
                                       absl::StrCat("version ", directory.version()),
                                       absl::StrCat("from ", view_->version())));
  }
  auto view = evidence::DirectoryView::Create(std::move(directory));
  if (!view.ok()) return absl::DataLossError(view.status().message());
  view_ = *std::move(view);
  if (listener_) listener_(view_);
  return view_;
}

}  // namespace waystation::client
