#include "common/agency/main.h"

#include <signal.h>
#include <time.h>

#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "common/agency/index_service.h"
#include "common/agency/live_bus.h"
#include "common/agency/schema.h"
#include "common/client/bus_client.h"
#include "common/client/checkpoint_watch.h"
#include "common/client/conflict_reporter.h"
#include "common/client/cosign_stream.h"
#include "common/client/file_cosigner.h"
#include "common/clock/clock.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_log.h"
#include "common/rpc/server.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr int kExitUse = 2;
constexpr int kExitConfig = 78;
constexpr absl::Duration kReadyPatience = absl::Seconds(5);
constexpr absl::Duration kCallGrace = absl::Milliseconds(500);
constexpr absl::Duration kCallTimeout = absl::Seconds(1);

struct Flags {
  std::string config_path;
  bool check_only = false;
};

std::optional<Flags> ParseFlags(int argc, char** argv) {
  constexpr std::string_view kConfig = "--config";
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--check_config") {
      flags.check_only = true;
    } else if (word.substr(0, kConfig.size() + 1) == "--config=") {
      flags.config_path = word.substr(kConfig.size() + 1);
    } else if (word == kConfig && i + 1 < argc) {
      flags.config_path = argv[++i];
    } else {
      return std::nullopt;
    }
  }
  if (flags.config_path.empty()) return std::nullopt;
  return flags;
}

// SIGTERM and SIGINT, taken by the main thread alone. Blocked before any thread
// is started, so that each inherits it.
class StopSignal {
 public:
  StopSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // True when a signal came within `timeout`.
  bool Within(absl::Duration timeout) const {
    timespec time = absl::ToTimespec(timeout);
    return sigtimedwait(&signals_, nullptr, &time) > 0;
  }
  void Wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
  }

 private:
  sigset_t signals_;
};

absl::StatusOr<std::shared_ptr<client::BusClient>> MakeClient(const LoadedConfig& loaded,
                                                              const Clock& clock) {
  WS_ASSIGN_OR_RETURN(auto credentials,
                      rpc::MakeChannelCredentials(loaded.tls, loaded.identity.trust, clock,
                                                  loaded.config.broker_identity()));
  client::BusClient::Options options;
  options.target = loaded.config.broker_address();
  options.credentials = std::move(credentials);
  options.broker_identity = loaded.config.broker_identity();
  options.trust = loaded.identity.trust;
  options.signer = loaded.identity.signer;
  options.call_timeout = kCallTimeout;
  return std::make_shared<client::BusClient>(std::move(options), clock);
}

std::string CosignedPath(const LoadedConfig& loaded) {
  return loaded.config.store_path() + ".cosigned";
}

// Without an auditor in the configuration, proofs are kept and go nowhere.
absl::StatusOr<std::unique_ptr<client::ConflictReporter>> MakeReporter(const LoadedConfig& loaded,
                                                                       const Clock& clock) {
  std::shared_ptr<grpc::Channel> auditor;
  if (!loaded.config.auditor_address().empty()) {
    WS_ASSIGN_OR_RETURN(auto credentials,
                        rpc::MakeChannelCredentials(loaded.tls, loaded.identity.trust, clock,
                                                    loaded.config.auditor_identity()));
    auditor = rpc::MakeChannel(loaded.config.auditor_address(), credentials);
  }
  return std::make_unique<client::ConflictReporter>(std::move(auditor),
                                                    loaded.config.store_path() + ".conflict",
                                                    client::ConflictReporter::Options());
}

tlog::Cosigner::OnConflict ReportTo(client::ConflictReporter& reporter) {
  return [&reporter](const tlog::Cosigner::Conflict& conflict) { reporter.Report(conflict); };
}

// Null for an agency that cosigns nothing: it has nothing to compare with.
std::unique_ptr<client::CheckpointWatch> StartWatching(const LoadedConfig& loaded,
                                                       std::shared_ptr<client::BusClient> client,
                                                       client::ConflictReporter& reporter) {
  if (!loaded.cosigner.has_value()) return nullptr;
  return std::make_unique<client::CheckpointWatch>(
      std::move(client), loaded.cosigner->policy,
      std::make_unique<client::FileCosigner>(CosignedPath(loaded),
                                             loaded.cosigner->policy.origin()),
      ReportTo(reporter));
}

absl::StatusOr<std::unique_ptr<Agency>> MakeAgency(const LoadedConfig& loaded,
                                                   std::shared_ptr<client::BusClient> client,
                                                   client::CheckpointWatch* watch,
                                                   const Clock& clock, Service& service) {
  Agency::Parts parts;
  parts.identity = loaded.identity;
  std::vector<Schema> schemas = service.schemas();
  schemas.insert(schemas.begin(), RuntimeSchema());
  WS_ASSIGN_OR_RETURN(parts.store,
                      Store::Open({loaded.config.store_path(), loaded.store_key}, schemas));
  LiveBus::OnCheckpoint on_checkpoint = nullptr;
  if (watch != nullptr) on_checkpoint = [watch](const std::string& note) { watch->Told(note); };
  parts.bus = std::make_unique<LiveBus>(std::move(client), loaded.identity.agency,
                                        std::move(on_checkpoint));
  parts.clock = &clock;
  parts.random = SystemRandom;
  return Agency::Create(std::move(parts), service);
}

// After the database, whose lock keeps a second process away from what was cosigned
// last. Null for an agency that cosigns nothing.
std::unique_ptr<client::CosignStream> StartCosigning(LoadedConfig& loaded,
                                                     std::shared_ptr<client::BusClient> client,
                                                     client::ConflictReporter& reporter) {
  if (!loaded.cosigner.has_value()) return nullptr;
  client::CosignStream::Options options;
  options.on_conflict = ReportTo(reporter);
  auto kept = std::make_unique<client::FileCosigner>(CosignedPath(loaded),
                                                     loaded.cosigner->policy.origin());
  return std::make_unique<client::CosignStream>(std::move(client), *std::move(loaded.cosigner),
                                                std::move(kept), std::move(options));
}

absl::StatusOr<std::unique_ptr<rpc::Server>> Listen(const LoadedConfig& loaded, const Clock& clock,
                                                    const std::vector<grpc::Service*>& apis) {
  rpc::ServerOptions options;
  options.host = loaded.listen_host;
  options.port = loaded.listen_port;
  WS_ASSIGN_OR_RETURN(options.credentials, rpc::MakeServerCredentials(
                                               loaded.tls, loaded.identity.trust, clock, nullptr));
  return rpc::Server::Start(options, apis);
}

// Waits for the bus in short steps, so that a stop is not kept waiting.
bool AwaitReady(Agency& agency, const StopSignal& stop, const Clock& clock) {
  absl::Duration end = clock.Monotonic() + kReadyPatience;
  while (clock.Monotonic() < end) {
    if (agency.WaitConnected(absl::Milliseconds(20))) return true;
    if (stop.Within(absl::Milliseconds(1))) return false;
  }
  return true;
}

absl::Status Serve(LoadedConfig& loaded, const Clock& clock, const StopSignal& stop,
                   Service& service) {
  WS_ASSIGN_OR_RETURN(std::shared_ptr<client::BusClient> client, MakeClient(loaded, clock));
  WS_ASSIGN_OR_RETURN(std::unique_ptr<client::ConflictReporter> reporter,
                      MakeReporter(loaded, clock));
  std::unique_ptr<client::CheckpointWatch> watch = StartWatching(loaded, client, *reporter);
  WS_ASSIGN_OR_RETURN(std::unique_ptr<Agency> agency,
                      MakeAgency(loaded, client, watch.get(), clock, service));
  Officers officers(*agency, loaded.identity.trust, service.officers_options());
  IndexService index(*agency, loaded.identity.trust);
  service.Attach(*agency, officers);
  agency->Start();
  std::unique_ptr<client::CosignStream> cosigning = StartCosigning(loaded, client, *reporter);
  std::vector<grpc::Service*> apis = service.officers_apis();
  apis.push_back(&index);
  WS_ASSIGN_OR_RETURN(std::unique_ptr<rpc::Server> server, Listen(loaded, clock, apis));
  if (AwaitReady(*agency, stop, clock)) {
    std::cout << "ready " << loaded.identity.agency << " " << server->address() << std::endl;
    log::Info("agency", "ready",
              {{"agency", loaded.identity.agency}, {"address", server->address()}});
    stop.Wait();
  }
  log::Info("agency", "stopping");
  server->Shutdown(kCallGrace);
  officers.Shutdown();
  index.Shutdown();
  agency->Shutdown();
  return absl::OkStatus();
}

absl::StatusOr<LoadedConfig> Load(const std::string& path, std::string_view agency,
                                  const Clock& clock) {
  WS_ASSIGN_OR_RETURN(LoadedConfig loaded, LoadConfig(path, clock));
  if (loaded.identity.agency == agency) return loaded;
  return absl::InvalidArgumentError(Problem("config.identity", "another agency's",
                                            Quoted(loaded.config.identity()),
                                            absl::StrCat("one of agency ", Absl(agency))));
}

int Fail(std::string_view agency, const absl::Status& why, int exit_code) {
  std::cerr << agency << ": " << why.message() << std::endl;
  return exit_code;
}

}  // namespace

int RunAgency(int argc, char** argv, std::string_view agency, const ServiceFactory& factory) {
  std::optional<Flags> flags = ParseFlags(argc, argv);
  if (!flags.has_value()) {
    std::cerr << "usage: " << agency << " --config=PATH [--check_config]" << std::endl;
    return kExitUse;
  }
  StopSignal stop;
  rpc::RouteGrpcLog();
  SystemClock clock;
  absl::StatusOr<LoadedConfig> loaded = Load(flags->config_path, agency, clock);
  if (!loaded.ok()) return Fail(agency, loaded.status(), kExitConfig);
  if (flags->check_only) return 0;
  std::unique_ptr<Service> service = factory(loaded->identity, clock);
  absl::Status served = Serve(*loaded, clock, stop, *service);
  return served.ok() ? 0 : Fail(agency, served, 1);
}

}  // namespace waystation::agency
