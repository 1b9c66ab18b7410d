#include "tools/waystation/audit/log_check.h"

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"

namespace waystation::cli {

absl::Status LogCheck::Take(std::string_view record) {
  WS_ASSIGN_OR_RETURN(const FollowedRecord* taken, follower_.Append(record));
  last_time_us_ = taken->record.time_us();
  if (taken->checkpoint.has_value()) {
    const tlog::Checkpoint& checkpoint = taken->checkpoint->checkpoint;
    size_before_ = roots_.empty() ? 0 : roots_.rbegin()->first;
    roots_.emplace(checkpoint.size, checkpoint.root);
  }
  if (taken->leaf.empty() || tiles_ == nullptr) return absl::OkStatus();
  return tiles_->Add(taken->leaf, merkle::LeafHash(taken->leaf), taken->record.sequence());
}

absl::Status LogCheck::Holds(std::string_view name, std::string_view note, bool cosigned) {
  auto opened = cosigned ? policy_.OpenCosigned(note) : policy_.Open(note);
  if (!opened.ok()) return Prefixed(name, opened.status());
  const tlog::Checkpoint& checkpoint = opened->checkpoint;
  const auto known = roots_.find(checkpoint.size);
  if (known == roots_.end()) {
    return absl::DataLossError(Problem(
        name, "not a checkpoint of this journal", absl::StrCat(checkpoint.size, " leaves"),
        absl::StrCat("one of its ", roots_.size(), ", the newest of ", signed_size(), " leaves")));
  }
  if (known->second != checkpoint.root) {
    return absl::DataLossError(
        Problem(absl::StrCat(Absl(name), ": root of ", checkpoint.size, " leaves"),
                "another history", crypto::Hex(crypto::AsBytes(checkpoint.root)),
                crypto::Hex(crypto::AsBytes(known->second))));
  }
  if (cosigned) cosigned_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status LogCheck::IsNewest(std::string_view name, std::string_view note) const {
  WS_ASSIGN_OR_RETURN(const tlog::SignedCheckpoint opened, policy_.Open(note));
  if (opened.checkpoint.size >= size_before_) return absl::OkStatus();
  return absl::DataLossError(Problem(name, "rolled back",
                                     absl::StrCat(opened.checkpoint.size, " leaves"),
                                     absl::StrCat(signed_size(), ", as the journal has it")));
}

absl::Status LogCheck::Finish() { return tiles_ == nullptr ? absl::OkStatus() : tiles_->Finish(); }

void LogCheck::Fill(v1::AuditReport* report) const {
  report->set_bus_id(crypto::Hex(follower_.bus_id()));
  report->set_records(follower_.next_sequence() - 1);
  report->set_leaves(follower_.leaves());
  report->set_checkpoints(roots_.size());
  report->set_unsigned_leaves(follower_.leaves() - signed_size());
  if (tiles_ != nullptr) report->set_tiles(tiles_->compared());
  *report->mutable_last_time() = ToProto(absl::FromUnixMicros(last_time_us_));
  if (roots_.empty()) return;
  v1::EvidenceCheckpoint& checkpoint = *report->mutable_checkpoint();
  checkpoint.set_origin(policy_.origin());
  checkpoint.set_size(roots_.rbegin()->first);
  checkpoint.set_root(crypto::Hex(crypto::AsBytes(roots_.rbegin()->second)));
  if (!cosigned_.has_value()) return;
  report->set_cosigned_size(cosigned_->checkpoint.size);
  for (const tlog::Cosigned& one : policy_.CosignersOf(cosigned_->note)) {
    v1::EvidenceCosigner* cosigner = checkpoint.add_cosigners();
    cosigner->set_name(one.name);
    *cosigner->mutable_time() = ToProto(one.time);
  }
}

}  // namespace waystation::cli
