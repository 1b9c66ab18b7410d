#include "services/broker/commit/recent_ids.h"

#include <algorithm>

namespace waystation::broker {
namespace {

constexpr size_t kRecentIdsMax = 200'000;

}  // namespace

std::optional<KnownMessage> RecentIds::Find(const MessageId& id) const {
  auto recent = recent_.find(id);
  if (recent != recent_.end()) return recent->second;
  if (IdMillis(id) >= floor_ms_) return std::nullopt;
  return projection_.FindMessage(id);
}

void RecentIds::Add(const MessageId& id, const KnownMessage& message) {
  recent_[id] = message;
  order_.emplace_back(message.sequence, id);
}

void RecentIds::Forget(uint64_t projected) {
  while (order_.size() > kRecentIdsMax && order_.front().first <= projected) {
    const MessageId& oldest = order_.front().second;
    floor_ms_ = std::max(floor_ms_, IdMillis(oldest) + 1);
    recent_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace waystation::broker
