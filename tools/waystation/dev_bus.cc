#include "tools/waystation/dev_bus.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/profile.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPatience = absl::Seconds(20);
// All agencies and the auditor together, and then the broker: within the 3 s that
// are promised.
constexpr absl::Duration kAgencyPatience = absl::Milliseconds(1700);
constexpr absl::Duration kBrokerPatience = absl::Milliseconds(800);
constexpr std::string_view kProfileComment =
    "SYNTHETIC: the development bus that runs now. Written by waystation dev.";

absl::StatusOr<std::string> MakeThrowawayFolder() {
  const char* tmp = std::getenv("TMPDIR");
  std::string path =
      absl::StrCat(tmp == nullptr || *tmp == '\0' ? "/tmp" : tmp, "/waystation-dev-XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return absl::FailedPreconditionError(
        Problem(path, "folder cannot be made", std::strerror(errno)));
  }
  return path;
}

std::string DefaultProfilePath() { return DevStateDir() + "/profile.textproto"; }

}  // namespace

std::string ServiceProgram(const std::string& service) {
  const std::string below = absl::StrCat("services/", service, "/", service);
  const char* bin = std::getenv("WAYSTATION_BIN_DIR");
  if (bin != nullptr && *bin != '\0') return absl::StrCat(bin, "/", below);
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  // bazel-bin/tools/waystation/waystation, or .../waystation.runfiles/waystation/tools/...
  return (self.parent_path().parent_path().parent_path() / below).string();
}

absl::StatusOr<std::unique_ptr<DevBus>> DevBus::Start(const Options& options, const Clock& clock,
                                                      Signals& signals) {
  std::string dir = options.data_dir;
  if (dir.empty()) {
    WS_ASSIGN_OR_RETURN(dir, MakeThrowawayFolder());
  }
  std::unique_ptr<DevBus> bus(new DevBus(options.data_dir.empty(), clock, signals));
  WS_RETURN_IF_ERROR(bus->Lock(dir));
  WS_ASSIGN_OR_RETURN(DevLayout layout, DevLayout::Make(dir, clock.Now(), options.agencies));
  bus->layout_ = std::make_unique<DevLayout>(std::move(layout));
  absl::Status started = bus->StartAll(options);
  if (!started.ok()) {
    bus->Stop(/*keep=*/!absl::IsCancelled(started));
    return started;
  }
  return bus;
}

DevBus::~DevBus() {
  Stop(/*keep=*/true);
  if (lock_ >= 0) close(lock_);
}

absl::Status DevBus::Lock(const std::string& dir) {
  WS_RETURN_IF_ERROR(MakeFolder(dir));
  const std::string path = dir + "/lock";
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) {
    return absl::FailedPreconditionError(Problem(path, "cannot be made", std::strerror(errno)));
  }
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  return WithNext(absl::FailedPreconditionError(Problem(dir, "a bus runs in this folder already",
                                                        "", "another --data folder")),
                  absl::StrCat("waystation status --profile ", dir, "/profile.textproto"));
}

absl::Status DevBus::StartChild(const std::string& name, const std::string& program) {
  const std::string config = layout_->ConfigPath(name);
  WS_ASSIGN_OR_RETURN(
      auto child,
      Child::Start({name, {program, "--config=" + config}, layout_->LogPath(name)}, signals_));
  children_.push_back(std::move(child));
  return absl::OkStatus();
}

absl::Status DevBus::AwaitReady(Child& child) {
  WS_ASSIGN_OR_RETURN(addresses_[child.name()], child.AwaitReady(kPatience, clock_, signals_));
  return absl::OkStatus();
}

absl::Status DevBus::StartAll(const Options& options) {
  WS_RETURN_IF_ERROR(layout_->WriteBrokerConfig(absl::StrCat("127.0.0.1:", options.broker_port)));
  WS_RETURN_IF_ERROR(StartChild("broker", ServiceProgram("broker")));
  WS_RETURN_IF_ERROR(AwaitReady(*children_[0]));
  WS_RETURN_IF_ERROR(layout_->WriteAuditConfig(addresses_["broker"], "127.0.0.1:0"));
  WS_RETURN_IF_ERROR(StartChild("audit", ServiceProgram("audit")));
  WS_RETURN_IF_ERROR(AwaitReady(*children_[1]));
  for (const v1::DevAgency& agency : layout_->dev_agencies()) {
    const std::string name = NameOf(agency);
    WS_RETURN_IF_ERROR(
        layout_->WriteAgencyConfig(name, addresses_["broker"], "127.0.0.1:0", addresses_["audit"]));
    WS_RETURN_IF_ERROR(
        StartChild(name, agency.program().empty() ? ServiceProgram(name) : agency.program()));
  }
  for (size_t i = 2; i < children_.size(); ++i) WS_RETURN_IF_ERROR(AwaitReady(*children_[i]));
  return WriteProfile();
}

absl::Status DevBus::WriteProfile() const {
  const v1::Profile profile = layout_->MakeProfile(addresses_);
  for (const std::string& path : {layout_->ProfilePath(), DefaultProfilePath()}) {
    WS_RETURN_IF_ERROR(WriteTextProto(path, kProfileComment, profile, FileMode::kPrivate));
  }
  return absl::OkStatus();
}

// Another bus may have taken the default place meanwhile; its profile stays.
void DevBus::ForgetProfile() const {
  auto profile = Profile::Load(DefaultProfilePath());
  if (!profile.ok() || layout_ == nullptr) return;
  const v1::Profile ours = layout_->MakeProfile(addresses_);
  if (profile->data().roots_path() != ours.roots_path()) return;
  std::error_code error;
  fs::remove(DefaultProfilePath(), error);
}

absl::Status DevBus::Watch(absl::Duration time) {
  const absl::Duration end = clock_.Monotonic() + time;
  do {
    for (const auto& child : children_) WS_RETURN_IF_ERROR(child->Check());
    const absl::Duration left = std::max(end - clock_.Monotonic(), absl::ZeroDuration());
    if (signals_.Wait(left) == Signals::Event::kStop) return absl::CancelledError("stopped");
  } while (clock_.Monotonic() < end);
  return absl::OkStatus();
}

void DevBus::Stop(bool keep) {
  if (stopped_) return;
  stopped_ = true;
  // The broker was started first.
  std::vector<Child*> others;
  for (size_t i = 1; i < children_.size(); ++i) others.push_back(children_[i].get());
  StopChildren(others, kAgencyPatience, clock_);
  if (!children_.empty()) StopChildren({children_[0].get()}, kBrokerPatience, clock_);
  children_.clear();
  ForgetProfile();
  std::error_code error;
  if (throwaway_ && !keep && layout_ != nullptr) fs::remove_all(layout_->dir(), error);
}

}  // namespace waystation::cli
