#include "common/client/cosign_stream.h"

#include <optional>
#include <utility>

#include "absl/strings/strip.h"
#include "common/crypto/sha256.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "common/tlog/checkpoint.h"

namespace waystation::client {
namespace {

constexpr int kCosigned = 200;
// The broker took an older size for ours; it asks again at once.
constexpr int kOtherSize = 409;

// The broker does not have this cosigner or this service, and to ask again is no
// help until somebody changes that.
bool IsRefusal(const absl::Status& why) {
  return absl::IsPermissionDenied(why) || absl::IsUnimplemented(why) ||
         absl::IsInvalidArgument(why) || absl::IsUnauthenticated(why);
}

// For the log; a note that cannot be read is told as a tree of no size.
tlog::Checkpoint CheckpointIn(const std::string& note_bytes) {
  absl::StatusOr<tlog::Note> note = tlog::Note::Parse(note_bytes);
  if (!note.ok()) return {};
  return tlog::Checkpoint::FromText(note->text).value_or(tlog::Checkpoint());
}

}  // namespace

CosignStream::CosignStream(std::shared_ptr<BusClient> client, CosignerKey cosigner,
                           std::unique_ptr<tlog::CosignerStore> store, Options options)
    : client_(std::move(client)),
      options_(std::move(options)),
      log_keys_(cosigner.policy.log_keys()),
      store_(std::move(store)),
      cosigner_(std::move(cosigner.name), std::move(cosigner.key), log_keys_, *store_,
                client_->clock(),
                [this](const tlog::Cosigner::Conflict& conflict) { OnConflict(conflict); }),
      stub_(audit::v1::LogService::NewStub(client_->channel())),
      thread_([this] { Run(); }) {}

CosignStream::~CosignStream() { Stop(); }

void CosignStream::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CosignStream::Run() {
  Backoff backoff(options_.backoff_min, options_.backoff_max, options_.random);
  while (true) {
    bool asked = false;
    const absl::Status why = RunSession(&asked);
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopped_) return;
    lock.unlock();
    TellEnd(why);
    if (asked) backoff.Reset();
    const absl::Duration wait = IsRefusal(why) ? options_.backoff_max : backoff.Next();
    lock.lock();
    changed_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return stopped_; });
  }
}

absl::Status CosignStream::RunSession(bool* asked) {
  auto context = std::make_shared<grpc::ClientContext>();
  // Nobody waits for a cosignature, so it is the call that waits for the
  // connection; Stop cancels it at any moment.
  context->set_wait_for_ready(true);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::OkStatus();
    context_ = context;
  }
  auto stream = stub_->Cosign(context.get());
  Answer(*stream, asked);
  const grpc::Status status = stream->Finish();
  std::lock_guard<std::mutex> lock(mutex_);
  context_ = nullptr;
  if (status.ok()) return absl::UnavailableError("cosign stream: closed by the broker");
  return rpc::FromGrpcStatus(status);
}

void CosignStream::Answer(Stream& stream, bool* asked) {
  // The status of a stream that cannot be written comes from Finish.
  if (!stream.Write(OpenRequest())) return;
  audit::v1::CosignResponse response;
  while (stream.Read(&response)) {
    *asked = true;
    tlog::AddCheckpointReply reply = cosigner_.Add(response.body());
    TellReply(reply);
    audit::v1::CosignRequest request;
    request.mutable_answer()->set_code(static_cast<uint32_t>(reply.code));
    request.mutable_answer()->set_body(std::move(reply.body));
    if (!stream.Write(request)) return;
  }
}

audit::v1::CosignRequest CosignStream::OpenRequest() {
  audit::v1::CosignRequest request;
  request.mutable_open()->set_verifier_key(cosigner_.name().ToString());
  request.mutable_open()->set_size(KeptSize());
  return request;
}

// What cannot be read is told with the first answer, a 500.
uint64_t CosignStream::KeptSize() {
  absl::StatusOr<std::optional<std::string>> kept = store_->Latest();
  if (!kept.ok() || !kept->has_value()) return 0;
  absl::StatusOr<tlog::SignedCheckpoint> opened = tlog::OpenCheckpoint(**kept, log_keys_);
  return opened.ok() ? opened->checkpoint.size : 0;
}

void CosignStream::OnConflict(const tlog::Cosigner::Conflict& conflict) {
  const tlog::Checkpoint kept = CheckpointIn(conflict.kept);
  const tlog::Checkpoint other = CheckpointIn(conflict.other);
  log::Error("client", "log_split",
             {{"origin", other.origin},
              {"kept_size", kept.size},
              {"kept_root", crypto::Hex(crypto::AsBytes(kept.root))},
              {"other_size", other.size},
              {"other_root", crypto::Hex(crypto::AsBytes(other.root))}});
  if (options_.on_conflict) options_.on_conflict(conflict);
}

void CosignStream::TellEnd(const absl::Status& why) {
  std::string end = why.ToString();
  if (end == told_end_) return;
  log::Warning("client", IsRefusal(why) ? "cosign_refused" : "cosign_stream_ended",
               {{"cosigner", cosigner_.name().name()},
                {"reason", ReasonOf(why)},
                {"text", Std(why.message())}});
  told_end_ = std::move(end);
}

void CosignStream::TellReply(const tlog::AddCheckpointReply& reply) {
  if (reply.code == kCosigned) told_end_.clear();
  if (reply.code == kOtherSize || reply.code == told_code_) return;
  told_code_ = reply.code;
  if (reply.code == kCosigned) {
    log::Info("client", "cosigning", {{"cosigner", cosigner_.name().name()}});
  } else {
    const std::string_view text = Std(absl::StripSuffix(reply.body, "\n"));
    log::Warning("client", "checkpoint_not_cosigned", {{"code", reply.code}, {"text", text}});
  }
}

}  // namespace waystation::client
