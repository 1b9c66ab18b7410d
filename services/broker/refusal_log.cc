#include "services/broker/refusal_log.h"

#include <utility>

#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

// A record must parse for ever, so what outsiders wrote goes in as ASCII.
std::string Printable(std::string_view text, size_t bytes_max) {
  std::string printable(text.substr(0, bytes_max));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

}  // namespace

void RefusalLog::OnRefusal(std::string_view peer, std::string_view stage, std::string_view reason,
                           std::string_view text) {
  int64_t second = absl::ToUnixSeconds(clock_.Now());
  std::lock_guard<std::mutex> lock(mutex_);
  if (second != second_) {
    second_ = second;
    in_second_ = 0;
  }
  Key key(second, Printable(peer, kIdentityBytesMax), std::string(stage),
          Printable(reason, kReasonBytesMax));
  auto found = pending_.find(key);
  if (found == pending_.end() && in_second_ >= kRefusalRecordsPerSecondMax) {
    key = Key(second, "(others)", std::string(stage), "MANY_REFUSALS");
    found = pending_.find(key);
  }
  if (found == pending_.end()) {
    ++in_second_;
    journal::v1::Refused refused;
    refused.set_peer(std::get<1>(key));
    refused.set_stage(std::get<2>(key));
    refused.set_reason(std::get<3>(key));
    refused.set_text(Printable(text, kRefusalTextBytesMax));
    found = pending_.emplace(std::move(key), std::move(refused)).first;
  }
  found->second.set_count(found->second.count() + 1);
}

void RefusalLog::Add(std::string_view peer, std::string_view stage, const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  OnRefusal(peer, stage, reason, Std(status.message()));
}

std::vector<journal::v1::Refused> RefusalLog::Take(bool all) {
  int64_t second = absl::ToUnixSeconds(clock_.Now());
  std::vector<journal::v1::Refused> taken;
  std::lock_guard<std::mutex> lock(mutex_);
  while (!pending_.empty()) {
    auto first = pending_.begin();
    if (!all && std::get<0>(first->first) >= second) break;
    taken.push_back(std::move(first->second));
    pending_.erase(first);
  }
  return taken;
}

bool RefusalLog::empty() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return pending_.empty();
}

}  // namespace waystation::broker
