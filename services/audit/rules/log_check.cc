#include "services/audit/rules/log_check.h"

#include "absl/strings/str_cat.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr size_t kRootsMax = 512;
constexpr size_t kShownMax = 64;
constexpr int kLevels = 8;  // Of tiles: 256 to the 8th power is every leaf there can be.

std::string HexRoot(const crypto::Digest& root) { return crypto::Hex(crypto::AsBytes(root)); }

// Two checkpoints of one size with two roots.
std::optional<LogProblem> Compare(const tlog::Checkpoint& shown, const crypto::Digest& root) {
  if (shown.root == root) return std::nullopt;
  return LogProblem{LogProblem::Kind::kSplit,
                    absl::StrCat("two checkpoints of size ", shown.size, ": roots ", HexRoot(root),
                                 " and ", HexRoot(shown.root))};
}

}  // namespace

absl::StatusOr<LogCheck> LogCheck::Resume(std::vector<tlog::VerifierKey> log_keys,
                                          std::vector<tlog::VerifierKey> former_keys,
                                          const LogPlace& place, uint64_t followed) {
  LogCheck check(log_keys);
  WS_ASSIGN_OR_RETURN(check.follower_,
                      LogFollower::Resume(std::move(log_keys), std::move(former_keys), place));
  check.change_.time_us = place.time_us;
  check.ended_ = place.next_sequence != followed + 1;
  return check;
}

std::vector<LogProblem> LogCheck::Follow(std::string_view bytes) {
  std::vector<LogProblem> problems;
  if (ended_) return problems;
  absl::StatusOr<const FollowedRecord*> taken = follower_.Append(bytes);
  if (!taken.ok()) {
    ended_ = true;
    problems.push_back(
        {LogProblem::Kind::kInconsistent, std::string(Std(taken.status().message()))});
    return problems;
  }
  changed_ = true;
  change_.time_us = (*taken)->record.time_us();
  if (!(*taken)->leaf.empty()) {
    if (change_.leaves.empty()) change_.first_leaf = follower_.leaves() - 1;
    change_.leaves.push_back(merkle::LeafHash((*taken)->leaf));
  }
  if ((*taken)->record.has_checkpoint_signed()) TakeEdge();
  if ((*taken)->checkpoint.has_value()) {
    TakeCheckpoint((*taken)->checkpoint->checkpoint, &problems);
  }
  return problems;
}

void LogCheck::TakeEdge() {
  change_.edge.emplace();
  for (int level = 0; level < kLevels; ++level) {
    change_.edge->emplace_back(follower_.signed_tree().Edge(level));
  }
}

void LogCheck::TakeCheckpoint(const tlog::Checkpoint& checkpoint,
                              std::vector<LogProblem>* problems) {
  roots_[checkpoint.size] = checkpoint.root;
  if (roots_.size() > kRootsMax) roots_.erase(roots_.begin());
  while (!shown_.empty() && shown_.begin()->first <= checkpoint.size) {
    const tlog::Checkpoint shown = shown_.begin()->second;
    shown_.erase(shown_.begin());
    if (auto problem = Observe(shown); problem.has_value()) problems->push_back(*problem);
  }
}

std::optional<LogProblem> LogCheck::Observe(const tlog::Checkpoint& shown) {
  if (shown.size > verified_size()) {
    auto [it, fresh] = shown_.emplace(shown.size, shown);
    if (!fresh) return Compare(shown, it->second.root);
    if (shown_.size() > kShownMax) shown_.erase(shown_.begin());
    return std::nullopt;
  }
  auto known = roots_.find(shown.size);
  if (known != roots_.end()) return Compare(shown, known->second);
  // Older than what is kept, or from before a restart: nothing can be said. Between
  // two that are kept there is none on the record.
  if (roots_.empty() || shown.size < roots_.begin()->first) return std::nullopt;
  // The newest one on the record is larger, so there is a next: it is of the other
  // history, which the one before both may share.
  const auto next = roots_.upper_bound(shown.size);
  if (next == roots_.end()) return std::nullopt;
  return LogProblem{
      LogProblem::Kind::kSplit,
      absl::StrCat("a checkpoint of size ", shown.size, " and root ", HexRoot(shown.root),
                   " was shown that is not on the record, where the next has size ", next->first,
                   " and root ", HexRoot(next->second))};
}

std::optional<LogChange> LogCheck::TakeChanges() {
  if (!changed_) return std::nullopt;
  changed_ = false;
  LogChange taken = std::exchange(change_, {});
  change_.time_us = taken.time_us;
  taken.next_sequence = follower_.next_sequence();
  taken.signed_size = verified_size();
  taken.stage = follower_.stage();
  return taken;
}

}  // namespace waystation::audit
