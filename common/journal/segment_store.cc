#include "common/journal/segment_store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr size_t kOpenMax = 64;

}  // namespace

SegmentStore::SegmentStore(FileOps& ops, std::string directory, Access access)
    : ops_(ops), directory_(std::move(directory)), access_(access) {}

absl::StatusOr<std::shared_ptr<const Segment>> SegmentStore::Get(uint64_t number) {
  std::lock_guard lock(mutex_);
  if (auto found = open_.find(number); found != open_.end()) {
    lately_used_.splice(lately_used_.begin(), lately_used_, found->second);
    return found->second->second;
  }
  WS_ASSIGN_OR_RETURN(auto segment, Segment::Open(ops_, directory_, number, access_));
  WS_RETURN_IF_ERROR(CheckJournal(*segment));
  lately_used_.emplace_front(number, segment);
  open_[number] = lately_used_.begin();
  if (lately_used_.size() > kOpenMax) {
    open_.erase(lately_used_.back().first);
    lately_used_.pop_back();
  }
  return segment;
}

absl::Status SegmentStore::CheckJournal(const Segment& segment) {
  if (!id_known_) {
    id_ = segment.header().journal_id;
    id_known_ = true;
  }
  if (segment.header().journal_id == id_) return absl::OkStatus();
  return DataLoss(segment.header().number, 0, 12, "belongs to another journal");
}

absl::StatusOr<uint64_t> SegmentStore::Count() const {
  std::error_code error;
  std::vector<uint64_t> numbers;
  std::filesystem::directory_iterator entry(directory_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (auto number = ParseSegmentName(entry->path().filename().string())) {
      numbers.push_back(*number);
    }
  }
  if (error) return absl::UnavailableError(Problem(directory_, "not listed", error.message()));
  std::sort(numbers.begin(), numbers.end());
  for (uint64_t i = 0; i < numbers.size(); i++) {
    if (numbers[i] != i + 1) return DataLoss(i + 1, 0, 0, "file is missing");
  }
  return numbers.size();
}

}  // namespace waystation::journal
