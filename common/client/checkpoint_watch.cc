#include "common/client/checkpoint_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/log/log.h"
#include "common/merkle/tree.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"

namespace waystation::client {
namespace {

constexpr std::chrono::seconds kTileTimeout(10);

std::string Described(const tlog::Checkpoint& checkpoint) {
  return absl::StrCat(checkpoint.size, " leaves with root ",
                      crypto::Hex(crypto::AsBytes(checkpoint.root)));
}

absl::Status Split(const tlog::Checkpoint& one, const tlog::Checkpoint& other) {
  return Refusal(
      absl::StatusCode::kAborted, "SPLIT_LOG",
      Problem(absl::StrCat("log ", one.origin), "two checkpoints, neither extends the other",
              absl::StrCat(Described(one), " and ", Described(other)), "one history"));
}

}  // namespace

absl::Status CheckExtends(
    const tlog::Checkpoint& one, const tlog::Checkpoint& other,
    const std::function<absl::StatusOr<std::string>(const tlog::TileId&)>& read) {
  const tlog::Checkpoint& smaller = one.size <= other.size ? one : other;
  const tlog::Checkpoint& larger = one.size <= other.size ? other : one;
  if (smaller.size == larger.size) {
    return smaller.root == larger.root ? absl::OkStatus() : Split(one, other);
  }
  if (smaller.size == 0) return absl::OkStatus();
  tlog::TileTree tree(larger.size, read);
  absl::StatusOr<std::string> proof = tree.ConsistencyProof(smaller.size, larger.size);
  if (absl::IsNotFound(proof.status()) || absl::IsDataLoss(proof.status())) {
    return Split(one, other);
  }
  WS_RETURN_IF_ERROR(proof.status());
  absl::Status consistent =
      merkle::VerifyConsistency(smaller.size, smaller.root, larger.size, larger.root, *proof);
  return consistent.ok() ? absl::OkStatus() : Split(one, other);
}

CheckpointWatch::CheckpointWatch(std::shared_ptr<BusClient> client, tlog::Policy policy,
                                 std::unique_ptr<tlog::CosignerStore> cosigned,
                                 OnConflict on_conflict)
    : client_(std::move(client)),
      policy_(std::move(policy)),
      cosigned_(std::move(cosigned)),
      on_conflict_(std::move(on_conflict)),
      stub_(audit::v1::LogService::NewStub(client_->channel())),
      thread_([this] { Run(); }) {}

CheckpointWatch::~CheckpointWatch() { Stop(); }

void CheckpointWatch::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CheckpointWatch::Told(const std::string& note) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    told_ = note;
  }
  changed_.notify_all();
}

void CheckpointWatch::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(
        lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_ || told_.has_value(); });
    if (stopped_) return;
    const std::string note = *std::exchange(told_, std::nullopt);
    lock.unlock();
    Compare(note);
    lock.lock();
  }
}

void CheckpointWatch::Compare(const std::string& note) {
  absl::StatusOr<tlog::SignedCheckpoint> told = policy_.OpenCosigned(note);
  if (!told.ok()) {
    log::Error("client", "checkpoint_unproven",
               {{"reason", ReasonOf(told.status())}, {"text", Std(told.status().message())}});
    return;
  }
  absl::StatusOr<std::optional<std::string>> kept = cosigned_->Latest();
  if (!kept.ok() || !kept->has_value()) return;  // Nothing was cosigned yet.
  absl::StatusOr<tlog::SignedCheckpoint> own = policy_.Open(**kept);
  if (!own.ok()) return;
  absl::Status extends = CheckExtends(own->checkpoint, told->checkpoint,
                                      [this](const tlog::TileId& id) { return ReadTile(id); });
  if (extends.ok()) return;
  if (ReasonOf(extends) != "SPLIT_LOG") {
    log::Warning("client", "checkpoint_not_compared", {{"text", Std(extends.message())}});
    return;
  }
  log::Error("client", "log_split", {{"text", Std(extends.message())}});
  if (on_conflict_) on_conflict_({.kept = **kept, .other = note});
}

absl::StatusOr<std::string> CheckpointWatch::ReadTile(const tlog::TileId& id) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTileTimeout);
  audit::v1::GetTileRequest request;
  audit::v1::GetTileResponse response;
  request.set_path(id.ToPath());
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(stub_->GetTile(&context, request, &response)));
  return std::move(*response.mutable_data());
}

}  // namespace waystation::client
