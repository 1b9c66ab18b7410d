#include "services/broker/log/audit_log.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/evidence/log_leaf.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {
namespace {

constexpr size_t kBlocksWaitingMax = 256;
// So many leaves at most are hashed anew at a start.
constexpr uint64_t kLeavesKept = 65'536;
constexpr absl::Duration kRecordPatience = absl::Seconds(10);

std::string LeafOf(const LogBlock& block, const LogItem& item) {
  evidence::LogLeafParts parts{.sequence = item.sequence,
                               .time_us = item.time_us,
                               .kind = item.kind,
                               .record_sha256 = crypto::Sha256(block.BytesOf(item)),
                               .evidence_sha256 = std::nullopt};
  if (item.evidence_hash.has_value()) {
    parts.evidence_sha256 = evidence::SaltedEvidence(item.salt, *item.evidence_hash);
  }
  return evidence::LogLeafBytes(parts);
}

absl::StatusOr<journal::v1::Record> ParseRecord(std::string_view bytes) {
  journal::v1::Record record;
  if (record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return record;
  return absl::DataLossError("record: does not parse");
}

// The leaves of a block of the journal. A checkpoint among them is put into
// `checkpoint`.
absl::StatusOr<std::vector<std::string>> LeavesOf(const journal::Block& block,
                                                  uint64_t from_sequence, std::string_view bus_id,
                                                  std::string* checkpoint) {
  std::vector<std::string> leaves;
  for (size_t i = 0; i < block.records.size(); ++i) {
    if (block.first_sequence + i < from_sequence) continue;
    WS_ASSIGN_OR_RETURN(journal::v1::Record record, ParseRecord(block.records[i]));
    if (record.has_checkpoint_signed()) *checkpoint = record.checkpoint_signed().note();
    if (record.salt().empty()) continue;
    WS_ASSIGN_OR_RETURN(std::string leaf, evidence::LogLeafOf(record, block.records[i], bus_id));
    leaves.push_back(std::move(leaf));
  }
  return leaves;
}

// Tells the reader to stop after one block without calling it an error.
absl::Status Enough() { return absl::CancelledError("enough"); }

// Whether the journal has the block that the tiles end with.
bool Fits(journal::Journal& journal, const LogPosition& position) {
  if (position.next_sequence <= journal::kFirstSequence ||
      position.next_sequence > journal.head().next_sequence) {
    return false;
  }
  bool fits = false;
  absl::Status read =
      journal.ReadBlocks(position.next_sequence - 1, [&](const journal::Block& block) {
        if (block.records.empty()) return absl::OkStatus();  // An epoch alone.
        fits = block.hash == position.block_hash &&
               block.first_sequence + block.records.size() == position.next_sequence;
        return Enough();
      });
  return absl::IsCancelled(read) && fits;
}

}  // namespace

AuditLog::AuditLog(Options options)
    : options_(std::move(options)),
      store_(options_.directory),
      tree_(store_),
      cosignatures_(options_.policy, tree_, options_.on_cosigned) {}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Start(Options options,
                                                          journal::Journal& journal,
                                                          std::string_view bus_id) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options)));
  WS_RETURN_IF_ERROR(log->Replay(journal, bus_id));
  absl::Status last = log->CheckLast();
  if (log->tree_.damaged()) {  // What a tile has lost the journal has.
    WS_RETURN_IF_ERROR(log->Replay(journal, bus_id));
    last = log->CheckLast();
  }
  WS_RETURN_IF_ERROR(last);
  WS_RETURN_IF_ERROR(log->PublishFormer());
  log->signed_at_ = log->options_.clock->Monotonic() - log->options_.checkpoint_interval;
  return log;
}

void AuditLog::Begin() {
  thread_ = std::thread([this] { Run(); });
}

absl::Status AuditLog::Replay(journal::Journal& journal, std::string_view bus_id) {
  next_sequence_ = journal::kFirstSequence;
  block_hash_ = {};
  std::optional<LogPosition> position = tree_.TakeUp();
  if (position.has_value() && Fits(journal, *position)) {
    next_sequence_ = position->next_sequence;
    block_hash_ = position->block_hash;
  } else {
    if (position.has_value())
      log::Warning("broker", "audit_log_rebuilt", {{"leaves", tree_.size()}});
    tree_.Clear();
  }
  kept_size_ = tree_.size();
  former_ = store_.ReadCheckpoint().value_or("");
  auto follow = [&](const journal::Block& block) -> absl::Status {
    WS_ASSIGN_OR_RETURN(std::vector<std::string> leaves,
                        LeavesOf(block, next_sequence_, bus_id, &former_));
    next_sequence_ = std::max(next_sequence_, block.first_sequence + block.records.size());
    block_hash_ = block.hash;
    return tree_.Append(leaves);
  };
  if (next_sequence_ < journal.head().next_sequence) {
    WS_RETURN_IF_ERROR(journal.ReadBlocks(next_sequence_, follow));
  }
  return absl::OkStatus();
}

absl::Status AuditLog::CheckLast() const {
  const std::optional<tlog::Checkpoint>& last = options_.signer.last();
  if (!last.has_value()) return absl::OkStatus();
  if (last->size > tree_.size()) {
    return absl::FailedPreconditionError(
        Problem("audit log", "the journal is older than what was signed",
                absl::StrCat(tree_.size(), " leaves"),
                absl::StrCat("at least ", last->size,
                             ": the newest copy of the journal; if that is lost for good, begin a "
                             "new log (services/broker/README.md, Restore)")));
  }
  WS_ASSIGN_OR_RETURN(merkle::Digest root, tree_.RootAt(last->size));
  if (root == last->root) return absl::OkStatus();
  return absl::DataLossError(
      Problem(absl::StrCat("audit log: root of the first ", last->size, " leaves"),
              "not the one that was signed", crypto::Hex(crypto::AsBytes(root)),
              crypto::Hex(crypto::AsBytes(last->root))));
}

// What was published before the start is published still, if it is of this log. The
// file too: a kill between journal and file left the one before in it, and the next
// must not leave it two behind.
absl::Status AuditLog::PublishFormer() {
  absl::StatusOr<tlog::SignedCheckpoint> former = options_.policy.Open(former_);
  if (!former.ok() || former->checkpoint.size > tree_.size()) return absl::OkStatus();
  absl::StatusOr<merkle::Digest> root = tree_.RootAt(former->checkpoint.size);
  if (!root.ok() || *root != former->checkpoint.root) return absl::OkStatus();
  WS_RETURN_IF_ERROR(store_.WriteCheckpoint(former_));
  WS_RETURN_IF_ERROR(cosignatures_.Publish(former_));
  signed_size_ = former->checkpoint.size;
  return absl::OkStatus();
}

AuditLog::~AuditLog() { Stop(); }

void AuditLog::Put(LogBlock block) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    room_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return blocks_.size() < kBlocksWaitingMax || stopping_;
    });
    blocks_.push_back(std::move(block));
  }
  wake_.notify_one();
}

void AuditLog::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  room_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  KeepTiles();
}

std::deque<LogBlock> AuditLog::Take() {
  const bool due_later = tree_.size() > signed_size_;
  std::unique_lock<std::mutex> lock(mutex_);
  auto ready = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !blocks_.empty(); };
  if (due_later) {
    wake_.wait_for(lock, absl::ToChronoMicroseconds(Patience()), ready);
  } else {
    wake_.wait(lock, ready);
  }
  std::deque<LogBlock> taken;
  taken.swap(blocks_);
  room_.notify_all();
  return taken;
}

// One that was given away is waited for, so that the file `checkpoint` is at most one
// behind the record; not for ever, since the sequencer drops what says nothing new.
absl::Duration AuditLog::Patience() const {
  const absl::Duration since = options_.clock->Monotonic() - signed_at_;
  const absl::Duration wait = signing_ ? std::max(kRecordPatience, options_.checkpoint_interval)
                                       : options_.checkpoint_interval;
  return std::max(wait - since, absl::ZeroDuration());
}

bool AuditLog::Due() const {
  return tree_.size() > signed_size_ && Patience() == absl::ZeroDuration();
}

void AuditLog::Run() {
  ::pthread_setname_np(::pthread_self(), "audit-log");  // Profiles and bus_bench find it by this.
  while (true) {
    std::deque<LogBlock> blocks = Take();
    if (blocks.empty()) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_ && blocks_.empty()) return;
    }
    absl::Status status;
    for (const LogBlock& block : blocks) {
      if (status.ok()) status = Follow(block);
    }
    if (status.ok() && Due()) status = Sign();
    // Without its log the bus would go on unwatched.
    if (!status.ok()) Fatal(absl::StrCat("audit log: ", status.ToString()));
  }
}

absl::Status AuditLog::Follow(const LogBlock& block) {
  std::vector<std::string> leaves;
  leaves.reserve(block.items.size());
  for (const LogItem& item : block.items) {
    if (!item.salt.empty()) leaves.push_back(LeafOf(block, item));
  }
  WS_RETURN_IF_ERROR(tree_.Append(leaves));
  for (const LogItem& item : block.items) {
    if (item.kind != journal::v1::Record::kCheckpointSigned) continue;
    WS_RETURN_IF_ERROR(Publish(block.BytesOf(item)));
    signing_ = false;
    // The second counts from the record: what was signed may have waited for its block
    // longer than what is signed next will.
    signed_at_ = options_.clock->Monotonic();
  }
  next_sequence_ = block.items.back().sequence + 1;
  block_hash_ = block.block_hash;
  if (tree_.size() >= kept_size_ + kLeavesKept) {
    kept_size_ = tree_.size();
    KeepTiles();
  }
  return absl::OkStatus();
}

// Without it the next start hashes more of the journal, and that is all.
void AuditLog::KeepTiles() {
  absl::Status kept = tree_.Keep(next_sequence_, block_hash_);
  if (!kept.ok()) log::Warning("broker", "audit_log_keep", {{"status", kept.ToString()}});
}

absl::Status AuditLog::Publish(std::string_view record_bytes) {
  WS_ASSIGN_OR_RETURN(journal::v1::Record record, ParseRecord(record_bytes));
  const std::string& note = record.checkpoint_signed().note();
  WS_RETURN_IF_ERROR(store_.WriteCheckpoint(note));
  return cosignatures_.Publish(note);
}

absl::Status AuditLog::Sign() {
  tlog::Checkpoint checkpoint{
      .origin = options_.signer.origin(), .size = tree_.size(), .root = tree_.Root()};
  WS_ASSIGN_OR_RETURN(std::string note, options_.signer.Sign(checkpoint));
  signed_size_ = checkpoint.size;
  signed_at_ = options_.clock->Monotonic();
  signing_ = true;
  // False: the sequencer has stopped, and the next start signs a larger one.
  options_.record({.tree_size = checkpoint.size, .root = checkpoint.root, .note = note});
  return absl::OkStatus();
}

}  // namespace waystation::broker
