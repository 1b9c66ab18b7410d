#include "common/rpc/trust_source.h"

#include <sys/stat.h>

#include "common/config/file.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::rpc {
namespace {

constexpr size_t kTrustFileBytesMax = 16 * 1024 * 1024;

std::string StampOf(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return "none;";
  return absl::StrCat(info.st_dev, ":", info.st_ino, ":", info.st_size, ":", info.st_mtim.tv_sec,
                      ":", info.st_mtim.tv_nsec, ";");
}

absl::StatusOr<std::string> ReadSome(const std::string& path) {
  auto bytes = config::ReadFile(path, kTrustFileBytesMax);
  if (!bytes.ok()) return absl::FailedPreconditionError(bytes.status().message());
  if (bytes->empty()) return absl::FailedPreconditionError(Problem(path, "empty"));
  return bytes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TrustSource>> TrustSource::Create(Options options,
                                                                 const Clock& clock) {
  std::shared_ptr<TrustSource> source(new TrustSource(std::move(options), clock));
  std::lock_guard<std::mutex> lock(source->mutex_);
  source->looked_ = clock.Monotonic();
  WS_RETURN_IF_ERROR(
      source->Reload(StampOf(source->options_.roots_path) + StampOf(source->options_.crl_path)));
  return source;
}

absl::StatusOr<TrustSource::Loaded> TrustSource::Load() const {
  WS_ASSIGN_OR_RETURN(std::string roots, ReadSome(options_.roots_path));
  WS_ASSIGN_OR_RETURN(std::string crl, ReadSome(options_.crl_path));
  auto store = crypto::TrustStore::Create(roots, crl, options_.crl_grace);
  if (!store.ok()) {
    return Prefixed(options_.roots_path + " and " + options_.crl_path, store.status());
  }
  return Loaded{*std::move(store), std::move(roots), std::move(crl), 0};
}

absl::Status TrustSource::Reload(const std::string& stamp) {
  WS_ASSIGN_OR_RETURN(Loaded loaded, Load());
  if (loaded_ != nullptr && loaded.store.crl_number() < loaded_->store.crl_number()) {
    return absl::FailedPreconditionError(
        Problem(options_.crl_path, "older than the list in force",
                absl::StrCat("CRL number ", loaded.store.crl_number()),
                absl::StrCat("at least ", loaded_->store.crl_number())));
  }
  loaded.generation = loaded_ == nullptr ? 1 : loaded_->generation + 1;
  loaded_ = std::make_shared<const Loaded>(std::move(loaded));
  stamp_ = stamp;
  return absl::OkStatus();
}

std::shared_ptr<const TrustSource::Loaded> TrustSource::Fresh() {
  std::lock_guard<std::mutex> lock(mutex_);
  const absl::Duration now = clock_.Monotonic();
  if (now - looked_ < options_.poll) return loaded_;
  looked_ = now;
  // The stamp is taken before the files are read: a change in between is seen
  // the next time.
  const std::string stamp = StampOf(options_.roots_path) + StampOf(options_.crl_path);
  if (stamp == stamp_) return loaded_;
  absl::Status status = Reload(stamp);
  if (status.ok()) {
    log::Info("rpc", "trust_reloaded", {{"crl_number", loaded_->store.crl_number()}});
    last_error_.clear();
  } else if (last_error_ != Std(status.message())) {
    last_error_ = std::string(status.message());
    log::Error("rpc", "trust_not_reloaded", {{"text", last_error_}});
  }
  return loaded_;
}

crypto::TrustStore TrustSource::Current() { return Fresh()->store; }

uint64_t TrustSource::generation() { return Fresh()->generation; }

std::string TrustSource::crl_pem() { return Fresh()->crl_pem; }

std::string TrustSource::roots_pem() { return Fresh()->roots_pem; }

}  // namespace waystation::rpc
