#include "common/agency/runtime.h"

#include <chrono>
#include <utility>

#include "common/agency/frame_effect.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kDirectoryName = "directory";

absl::Status SaveDirectory(Store& store, const bus::v1::Directory& directory) {
  std::string bytes = directory.SerializeAsString();
  return store.Write([&](Transaction& db) {
    return db
        .Exec(
            "INSERT INTO meta(name, value) VALUES(?, ?) "
            "ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            {kDirectoryName, Blob{bytes}})
        .status();
  });
}

OpenedDelivery Open(const Sealer& sealer, VerifiedDelivery delivery) {
  OpenedDelivery opened{std::move(delivery), absl::OkStatus(), {}, {}};
  if (opened.is_case()) {
    absl::StatusOr<CaseContent> content = sealer.Open(opened.delivery);
    opened.opened = content.status();
    if (content.ok()) opened.content = *std::move(content);
  } else {
    absl::StatusOr<memo::v1::Memo> memo = sealer.OpenMemo(opened.delivery);
    opened.opened = memo.status();
    if (memo.ok()) opened.memo = *std::move(memo);
  }
  return opened;
}

FrameReply ReturnAll(const std::vector<OpenedDelivery>& frame) {
  FrameReply reply;
  for (const OpenedDelivery& each : frame) {
    reply.given_back.push_back({each.delivery.header.id(), each.delivery.attempt, "STORE_FAILED"});
  }
  return reply;
}

}  // namespace

AgencyTx::Context Runtime::Context(bool may_send) const {
  return {&identity, sealer.get(), Directory(), clock->Now(), may_send};
}

std::shared_ptr<const evidence::DirectoryView> Runtime::Directory() const {
  std::lock_guard<std::mutex> lock(directory_mutex);
  return directory;
}

absl::Status Runtime::TakeDirectory(const bus::v1::Directory& fresh, bool save) {
  std::shared_ptr<const evidence::DirectoryView> known = Directory();
  if (known != nullptr && known->version() >= fresh.version()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(std::shared_ptr<const evidence::DirectoryView> view,
                      evidence::DirectoryView::Create(fresh));
  {
    std::lock_guard<std::mutex> lock(directory_mutex);
    directory = std::move(view);
  }
  return save ? SaveDirectory(*store, fresh) : absl::OkStatus();
}

absl::Status Runtime::RestoreDirectory() {
  std::string bytes;
  WS_RETURN_IF_ERROR(store->Read([&](Transaction& db) {
    return db.Query("SELECT value FROM meta WHERE name = ?", {kDirectoryName}, [&](const Row& row) {
      bytes = row.Bytes(0);
      return absl::OkStatus();
    });
  }));
  if (bytes.empty()) return absl::OkStatus();
  bus::v1::Directory saved;
  if (!saved.ParseFromString(bytes)) {
    return absl::DataLossError(Problem("store", "the directory cannot be read"));
  }
  return TakeDirectory(saved, false);
}

bool Receiver::WaitConnected(absl::Duration timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                           [this] { return connected_; });
}

void Receiver::OnDirectory(const bus::v1::Directory& directory) {
  absl::Status taken = runtime_.TakeDirectory(directory, true);
  if (!taken.ok()) log::Error("agency", "directory_refused", {{"error", taken.ToString()}});
}

void Receiver::OnConnected() {
  log::Info("agency", "connected");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    connected_ = true;
    changed_.notify_all();
  }
  sender_.Connected();
}

void Receiver::OnStillConnected() { sender_.CheckCustody(); }

void Receiver::OnDisconnected(const absl::Status& why) {
  log::Warning("agency", "disconnected", {{"error", why.ToString()}});
  std::lock_guard<std::mutex> lock(mutex_);
  connected_ = false;
}

void Receiver::OnAckResult(std::string_view message_id, const absl::Status& result) {
  sender_.Acked(std::string(message_id), result);
}

FrameReply Receiver::OnFrame(std::vector<VerifiedDelivery> frame) {
  std::vector<OpenedDelivery> opened;
  opened.reserve(frame.size());
  for (VerifiedDelivery& delivery : frame) {
    opened.push_back(Open(*runtime_.sealer, std::move(delivery)));
  }
  FrameReply reply;
  absl::Status done = runtime_.store->Write([&](Transaction& db) -> absl::Status {
    AgencyTx tx(db, runtime_.Context(true));
    FrameEffect effect(tx, *runtime_.handler, runtime_.identity);
    WS_RETURN_IF_ERROR(effect.Apply(opened));
    reply = effect.reply();
    return absl::OkStatus();
  });
  if (!done.ok()) {
    log::Error("agency", "frame_not_stored", {{"error", done.ToString()}});
    return ReturnAll(opened);
  }
  sender_.Wake();
  return reply;
}

}  // namespace waystation::agency
