#include <csignal>
#include <iostream>
#include <string>
#include <string_view>

#include "common/clock/clock.h"
#include "common/config/text_proto.h"
#include "common/log/log.h"
#include "common/rpc/grpc_log.h"
#include "services/broker/broker.h"

// The broker process: --config=FILE, or --check_config with it. Prints one line
// on standard output when it serves; logs on standard error.

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

int Fail(int code, std::string_view event, const absl::Status& status) {
  waystation::log::Error("broker", event, {{"status", status.ToString()}});
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::string config_path;
  bool check_only = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag.starts_with("--config=")) config_path = flag.substr(9);
    if (flag == "--check_config") check_only = true;
  }
  if (config_path.empty()) {
    std::cerr << "usage: broker --config=FILE [--check_config]\n";
    return kExitUsage;
  }
  // Blocked before any thread starts, so that only sigwait sees them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  waystation::broker::v1::BrokerConfig config;
  absl::Status loaded = waystation::config::LoadTextProto(config_path, &config);
  if (loaded.ok()) loaded = waystation::broker::CheckConfig(&config);
  if (!loaded.ok()) return Fail(kExitUsage, "config_refused", loaded);
  if (check_only) return 0;

  waystation::rpc::RouteGrpcLog();
  waystation::SystemClock clock;
  auto broker = waystation::broker::Broker::Start(config, clock);
  if (!broker.ok()) return Fail(kExitFailure, "start_failed", broker.status());
  std::cout << "ready broker " << (*broker)->address() << std::endl;
  waystation::log::Info("broker", "serving", {{"address", (*broker)->address()}});
  int signal = 0;
  sigwait(&stop_signals, &signal);
  waystation::log::Info("broker", "stopping", {{"signal", signal}});
  (*broker)->Stop();
  return 0;
}
