#include "common/client/conflict_reporter.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/client/backoff.h"
#include "common/config/file.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
#include "grpcpp/client_context.h"

namespace waystation::client {
namespace {

using audit::v1::ReportConflictRequest;

// Two notes and what protobuf adds.
constexpr size_t kFileBytesMax = 2 * tlog::kNoteBytesMax + 64;
// Proofs that are kept once they are reported; beyond it the newest is written over.
constexpr int kAsideMax = 16;

}  // namespace

ConflictReporter::ConflictReporter(std::shared_ptr<grpc::Channel> auditor, std::string path,
                                   Options options)
    : path_(std::move(path)),
      options_(std::move(options)),
      stub_(auditor == nullptr ? nullptr : audit::v1::AuditService::NewStub(auditor)),
      thread_([this] { Run(); }) {}

ConflictReporter::~ConflictReporter() { Stop(); }

void ConflictReporter::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool ConflictReporter::Waits() const {
  std::error_code error;
  return std::filesystem::exists(path_, error);
}

void ConflictReporter::Report(const tlog::Cosigner::Conflict& conflict) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (Waits()) return;
  ReportConflictRequest request;
  request.set_kept(conflict.kept);
  request.set_other(conflict.other);
  absl::Status kept = config::WriteFileDurably(path_, request.SerializeAsString());
  if (!kept.ok()) log::Error("client", "conflict_not_kept", {{"text", Std(kept.message())}});
  changed_.notify_all();
}

void ConflictReporter::Run() {
  Backoff backoff(options_.backoff_min, options_.backoff_max, options_.random);
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return stopped_ || (stub_ != nullptr && Waits());
    });
    if (stopped_) return;
    lock.unlock();
    absl::Status sent = Send();
    lock.lock();
    if (sent.ok()) {
      backoff.Reset();
      continue;
    }
    log::Warning("client", "conflict_not_reported", {{"text", Std(sent.message())}});
    changed_.wait_for(lock, absl::ToChronoMilliseconds(backoff.Next()),
                      [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; });
  }
}

absl::Status ConflictReporter::Send() {
  WS_ASSIGN_OR_RETURN(std::string bytes, config::ReadFile(path_, kFileBytesMax));
  ReportConflictRequest request;
  if (!request.ParseFromString(bytes)) {
    log::Error("client", "conflict_refused", {{"text", Problem(path_, "not readable")}});
    return PutAside();
  }
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(options_.call_timeout));
  audit::v1::ReportConflictResponse response;
  absl::Status answer = rpc::FromGrpcStatus(stub_->ReportConflict(&context, request, &response));
  if (absl::IsInvalidArgument(answer)) {
    log::Error("client", "conflict_refused", {{"text", Std(answer.message())}});
    return PutAside();
  }
  return answer.ok() ? PutAside() : answer;
}

// What the auditor has, or will never take, is kept under another name: it is
// evidence.
absl::Status ConflictReporter::PutAside() {
  std::error_code error;
  std::string aside = path_ + ".reported";
  for (int i = 2; i <= kAsideMax && std::filesystem::exists(aside, error); ++i) {
    aside = absl::StrCat(path_, ".reported.", i);
  }
  std::filesystem::rename(path_, aside, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(Problem(path_, error.message()));
}

}  // namespace waystation::client
