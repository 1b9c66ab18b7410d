#include "common/log_follower/log_follower.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/crypto/sha256.h"
#include "common/evidence/log_leaf.h"
#include "common/status/status.h"

namespace waystation {
namespace {

using journal::v1::Record;

constexpr size_t kBusIdBytes = 16;

absl::Status Lost(std::string_view thing, std::string_view problem, std::string_view got = {},
                  std::string_view want = {}) {
  return absl::DataLossError(Problem(thing, problem, got, want));
}

std::string Name(uint64_t sequence) { return absl::StrCat("record ", sequence); }

absl::Status CheckTree(const journal::v1::CheckpointSigned& claimed,
                       const tlog::Checkpoint& checkpoint) {
  if (checkpoint.size == claimed.tree_size() &&
      crypto::AsBytes(checkpoint.root) == claimed.root_hash()) {
    return absl::OkStatus();
  }
  return Lost(
      "checkpoint", "the note is of another tree",
      absl::StrCat(checkpoint.size, " leaves, root ",
                   crypto::Hex(crypto::AsBytes(checkpoint.root))),
      absl::StrCat(claimed.tree_size(), " leaves, root ", crypto::Hex(claimed.root_hash())));
}

}  // namespace

absl::StatusOr<LogFollower> LogFollower::Resume(std::vector<tlog::VerifierKey> log_keys,
                                                std::vector<tlog::VerifierKey> former_keys,
                                                const LogPlace& place) {
  LogFollower follower(std::move(log_keys), std::move(former_keys));
  follower.next_sequence_ = place.next_sequence;
  follower.time_us_ = place.time_us;
  follower.bus_id_ = place.bus_id;
  follower.stage_ = place.stage;
  auto edge = [&](const tlog::TileId& id) -> absl::StatusOr<std::string> {
    const auto level = static_cast<size_t>(id.level);
    return level < place.edge.size() ? place.edge[level] : "";
  };
  WS_ASSIGN_OR_RETURN(follower.signed_, tlog::TreeHead::Load(place.signed_size, edge));
  std::string_view hashes = place.unsigned_leaves;
  if (hashes.size() % merkle::kHashBytes != 0 || place.next_sequence == 0) {
    return Lost("place in the log", "malformed");
  }
  for (; !hashes.empty(); hashes.remove_prefix(merkle::kHashBytes)) {
    follower.unsigned_.push_back(*crypto::DigestFrom(hashes.substr(0, merkle::kHashBytes)));
  }
  return follower;
}

uint64_t LogFollower::leaves() const { return signed_.size() + unsigned_.size(); }

LogPlace LogFollower::place() const {
  LogPlace place{.next_sequence = next_sequence_,
                 .time_us = time_us_,
                 .bus_id = bus_id_,
                 .signed_size = signed_.size(),
                 .edge = {},
                 .unsigned_leaves = {},
                 .stage = stage_};
  for (int level = 0; signed_.size() >> (8 * level) > 0; ++level) {
    place.edge.emplace_back(signed_.Edge(level));
    if (level == 7) break;  // A shift by 64 means nothing.
  }
  for (const merkle::Digest& hash : unsigned_) {
    place.unsigned_leaves.append(crypto::AsBytes(hash));
  }
  return place;
}

absl::StatusOr<const FollowedRecord*> LogFollower::Append(std::string_view bytes) {
  Record& record = taken_.record;
  taken_.leaf.clear();
  taken_.checkpoint.reset();
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Lost(Name(next_sequence_), "does not parse", absl::StrCat(bytes.size(), " bytes"));
  }
  WS_RETURN_IF_ERROR(CheckPlace(record));
  WS_ASSIGN_OR_RETURN(const LogStage stage, StageAfter(record));
  if (record.has_checkpoint_signed()) {
    if (absl::Status taken = TakeCheckpoint(record.checkpoint_signed()); !taken.ok()) {
      return Prefixed(Name(record.sequence()), taken);
    }
  } else {
    WS_RETURN_IF_ERROR(TakeLeaf(bytes));
  }
  ++next_sequence_;
  time_us_ = record.time_us();
  stage_ = stage;
  return &taken_;
}

absl::Status LogFollower::CheckPlace(const Record& record) const {
  const std::string name = Name(next_sequence_);
  if (record.sequence() != next_sequence_) {
    return Lost(name, "another record stands in its place", Name(record.sequence()));
  }
  if (record.kind_case() == Record::KIND_NOT_SET) {
    return absl::FailedPreconditionError(
        Problem(name, "no kind that this release knows", "", "a newer release to read it"));
  }
  if (record.time_us() < time_us_) {
    return Lost(name, "time goes back", absl::StrCat(record.time_us()),
                absl::StrCat("at least ", time_us_));
  }
  if (record.has_genesis() != (next_sequence_ == 1)) {
    return Lost(name, record.has_genesis() ? "a second genesis" : "not the genesis");
  }
  if (record.has_genesis() && record.genesis().bus_id().size() != kBusIdBytes) {
    return Lost(name, "bus id has the wrong length",
                absl::StrCat(record.genesis().bus_id().size(), " bytes"), "16");
  }
  return CheckSalt(record);
}

absl::Status LogFollower::CheckSalt(const Record& record) const {
  const std::string name = Name(record.sequence());
  if (record.has_checkpoint_signed()) {
    return record.salt().empty() ? absl::OkStatus() : Lost(name, "a checkpoint with a salt");
  }
  if (record.salt().empty()) {
    // A journal that is older than the log begins with records that have no leaf;
    // behind the first leaf such a record would be one that the log does not say.
    return leaves() == 0 ? absl::OkStatus() : Lost(name, "has no leaf", "", "a salt");
  }
  if (record.log_index() == leaves()) return absl::OkStatus();
  return Lost(name, "its leaf is out of place", absl::StrCat(record.log_index()),
              absl::StrCat(leaves()));
}

std::vector<tlog::VerifierKey> LogFollower::FormerKeys(const std::string& origin) const {
  std::vector<tlog::VerifierKey> keys;
  std::copy_if(former_keys_.begin(), former_keys_.end(), std::back_inserter(keys),
               [&](const tlog::VerifierKey& key) { return key.name() == origin; });
  return keys;
}

absl::StatusOr<LogStage> LogFollower::StageAfter(const Record& record) const {
  const std::string& origin = record.epoch_opened().log_origin();
  if (origin.empty()) return stage_;
  const std::string& ours = log_keys_.front().name();
  if (origin == ours) return LogStage::kOurs;
  const std::string name = Name(record.sequence());
  if (stage_ == LogStage::kOurs) {
    return Lost(name, "another log begins in place of ours", origin, ours);
  }
  if (!FormerKeys(origin).empty()) return LogStage::kFormer;
  return Lost(name, "its log is neither ours nor a former one", origin, ours);
}

absl::Status LogFollower::TakeLeaf(std::string_view bytes) {
  const Record& record = taken_.record;
  const std::string& bus_id = record.has_genesis() ? record.genesis().bus_id() : bus_id_;
  if (!record.salt().empty()) {
    WS_ASSIGN_OR_RETURN(taken_.leaf, evidence::LogLeafOf(record, bytes, bus_id));
    unsigned_.push_back(merkle::LeafHash(taken_.leaf));
  }
  if (record.has_genesis()) bus_id_ = bus_id;
  return absl::OkStatus();
}

// A checkpoint is made beside the writer, so leaves may stand between those that
// it covers and its own record.
absl::Status LogFollower::TakeCheckpoint(const journal::v1::CheckpointSigned& claimed) {
  const std::string origin = claimed.note().substr(0, claimed.note().find('\n'));
  const std::vector<tlog::VerifierKey> former = FormerKeys(origin);
  if (stage_ != LogStage::kOurs && !former.empty()) {
    WS_ASSIGN_OR_RETURN(tlog::SignedCheckpoint opened,
                        tlog::OpenCheckpoint(claimed.note(), former));
    return TakeRoot(claimed, opened.checkpoint);
  }
  WS_ASSIGN_OR_RETURN(tlog::SignedCheckpoint opened,
                      tlog::OpenCheckpoint(claimed.note(), log_keys_));
  WS_RETURN_IF_ERROR(TakeRoot(claimed, opened.checkpoint));
  taken_.checkpoint = std::move(opened);
  return absl::OkStatus();
}

absl::Status LogFollower::TakeRoot(const journal::v1::CheckpointSigned& claimed,
                                   const tlog::Checkpoint& checkpoint) {
  WS_RETURN_IF_ERROR(CheckTree(claimed, checkpoint));
  const uint64_t size = checkpoint.size;
  if (size <= signed_.size() || size > leaves()) {
    return Lost("checkpoint", "size out of range", absl::StrCat(size),
                absl::StrCat(signed_.size() + 1, " to ", leaves()));
  }
  const auto end = unsigned_.begin() + static_cast<ptrdiff_t>(size - signed_.size());
  tlog::TreeHead grown = signed_;
  std::for_each(unsigned_.begin(), end, [&](const merkle::Digest& hash) {
    grown.Append(hash, [](const tlog::TileId&, std::string_view) {});
  });
  if (const merkle::Digest root = grown.Root(); root != checkpoint.root) {
    return Lost("checkpoint", absl::StrCat("not the root of the ", size, " leaves before it"),
                crypto::Hex(crypto::AsBytes(checkpoint.root)), crypto::Hex(crypto::AsBytes(root)));
  }
  signed_ = std::move(grown);
  unsigned_.erase(unsigned_.begin(), end);
  return absl::OkStatus();
}

}  // namespace waystation
