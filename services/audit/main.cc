#include <signal.h>
#include <time.h>

#include <iostream>
#include <string>
#include <string_view>

#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/rpc/grpc_log.h"
#include "common/status/status.h"
#include "services/audit/auditor.h"

// The auditor's process: --config=FILE, or --check_config with it. Prints one line
// on standard output, `ready audit <host:port>`, when it listens and follows the
// record, or 5 s later when the broker cannot be reached; logs on standard error.
// Returns 0 after SIGTERM or SIGINT, 2 for wrong use, 78 (EX_CONFIG) for a bad
// configuration, 1 for anything else.

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUse = 2;
constexpr int kExitConfig = 78;
constexpr absl::Duration kReadyPatience = absl::Seconds(5);
constexpr timespec kLook = {.tv_sec = 0, .tv_nsec = 50'000'000};

int Fail(const absl::Status& why, int exit_code) {
  std::cerr << "audit: " << why.message() << std::endl;
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config_path;
  bool check_only = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag.starts_with("--config=")) config_path = flag.substr(9);
    if (flag == "--check_config") check_only = true;
  }
  if (config_path.empty()) {
    std::cerr << "usage: audit --config=FILE [--check_config]" << std::endl;
    return kExitUse;
  }
  // Blocked before any thread starts, so that only the loop below takes them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  waystation::rpc::RouteGrpcLog();
  waystation::SystemClock clock;
  auto loaded = waystation::audit::LoadConfig(config_path, clock);
  if (!loaded.ok()) return Fail(loaded.status(), kExitConfig);
  if (check_only) return 0;
  auto auditor = waystation::audit::Auditor::Start(*std::move(loaded), clock);
  if (!auditor.ok()) return Fail(auditor.status(), kExitFailure);
  bool ready = false;
  const absl::Duration patient_until = clock.Monotonic() + kReadyPatience;
  while ((*auditor)->failure().ok() && sigtimedwait(&stop_signals, nullptr, &kLook) < 0) {
    if (ready) continue;
    ready = (*auditor)->WaitConnected(absl::ZeroDuration()) || clock.Monotonic() > patient_until;
    if (ready) std::cout << "ready audit " << (*auditor)->address() << std::endl;
  }
  waystation::log::Info("audit", "stopping");
  (*auditor)->Stop();
  const absl::Status failure = (*auditor)->failure();
  return failure.ok() ? 0 : Fail(failure, kExitFailure);
}
