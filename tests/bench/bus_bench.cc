#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/client/bus_client.h"
#include "common/client/cosign_stream.h"
#include "common/client/file_cosigner.h"
#include "common/clock/clock.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/crypto/ed25519.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "tests/bench/load.h"
#include "tests/bench/null_server.h"
#include "tools/waystation/child.h"
#include "tools/waystation/dev_layout.h"
#include "tools/waystation/signals.h"
#include "waystation/journal/v1/record.pb.h"

// Messages a second and latency of the bus beside a null server, in one run on
// one machine: real processes, real mutual TLS, every message fsynced,
// delivered, verified and acknowledged with a signed receipt.
//
//   bazel run -c opt //tests/bench:bus_bench -- [--format=json] [--seconds=N] [--frame=N]
//       [--only=null,single,batch] [--cosigners]
//
// With --cosigners every cosigner of the log's policy cosigns meanwhile. `cpu us` is what
// a message costs clients and server together, `log us` the audit log's thread in it.
//
// Runs that are compared keep their folder (--dir): where ext4 has deleted files it creates
// new ones several times slower for a minute or two, and the log writes its tiles as files.

namespace waystation::bench {
namespace {

constexpr int kPacedRate = 2000;

struct Flags {
  bool json = false;
  bool null_server = false;
  bool cosigners = false;
  double seconds = 4;
  int frame = 0;
  std::string dir;
  std::string only;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag == "--format=json") flags.json = true;
    if (flag == "--null_server") flags.null_server = true;
    if (flag == "--cosigners") flags.cosigners = true;
    if (flag.starts_with("--seconds=")) flags.seconds = std::stod(std::string(flag.substr(10)));
    if (flag.starts_with("--frame=")) flags.frame = std::stoi(std::string(flag.substr(8)));
    if (flag.starts_with("--dir=")) flags.dir = flag.substr(6);
    if (flag.starts_with("--only=")) flags.only = flag.substr(7);
  }
  return flags;
}

// The parts of the dev bus that the load needs.
class Bench {
 public:
  absl::Status Open(const std::string& dir) {
    WS_ASSIGN_OR_RETURN(cli::DevLayout layout, cli::DevLayout::Make(dir, clock_.Now()));
    layout_ = std::make_unique<cli::DevLayout>(std::move(layout));
    WS_RETURN_IF_ERROR(layout_->WriteBrokerConfig("127.0.0.1:0"));
    WS_ASSIGN_OR_RETURN(trust_, rpc::TrustSource::Create({.roots_path = layout_->pki().roots_path(),
                                                          .crl_path = layout_->pki().crl_path()},
                                                         clock_));
    journal::v1::Genesis genesis;
    WS_RETURN_IF_ERROR(config::LoadTextProto(layout_->GenesisPath(), &genesis));
    WS_ASSIGN_OR_RETURN(directory_, evidence::DirectoryView::Create(genesis.directory()));
    WS_ASSIGN_OR_RETURN(publisher_, MakeSigner("/agency/doj"));
    WS_ASSIGN_OR_RETURN(consumer_, MakeSigner("/agency/ins"));
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials() {
    return rpc::MakeServerCredentials(Files("/broker/1"), trust_, clock_, nullptr);
  }

  absl::StatusOr<Load> MakeLoad(const std::string& address) {
    Load load;
    load.target = address;
    std::string broker = cli::DevIdentity("/broker/1");
    WS_ASSIGN_OR_RETURN(load.publisher_credentials,
                        rpc::MakeChannelCredentials(Files("/agency/doj"), trust_, clock_, broker));
    WS_ASSIGN_OR_RETURN(load.consumer_credentials,
                        rpc::MakeChannelCredentials(Files("/agency/ins"), trust_, clock_, broker));
    load.publisher = publisher_.get();
    load.consumer = consumer_.get();
    load.directory = directory_;
    return load;
  }

  // All that the log's policy names, each with a connection of its own.
  absl::Status StartCosigners(const std::string& address) {
    WS_ASSIGN_OR_RETURN(std::string text, config::ReadFile(layout_->AuditLogPolicyPath(), 65536));
    WS_ASSIGN_OR_RETURN(const tlog::Policy policy, tlog::Policy::Parse(text));
    for (const tlog::PolicyCosigner& one : policy.cosigners()) {
      const std::string path = one.name == "auditor" ? "/auditor" : "/agency/" + one.name;
      client::BusClient::Options options;
      options.target = address;
      options.broker_identity = cli::DevIdentity("/broker/1");
      options.trust = trust_;
      WS_ASSIGN_OR_RETURN(
          options.credentials,
          rpc::MakeChannelCredentials(Files(path), trust_, clock_, options.broker_identity));
      WS_ASSIGN_OR_RETURN(std::string pem,
                          config::ReadFile(layout_->CosignerKeyPath(one.name), 65536));
      WS_ASSIGN_OR_RETURN(crypto::Ed25519Key key, crypto::Ed25519Key::FromPem(pem));
      cosigners_.push_back(std::make_unique<client::CosignStream>(
          std::make_shared<client::BusClient>(std::move(options), clock_),
          client::CosignerKey{one.key, std::move(key), policy},
          std::make_unique<client::FileCosigner>(
              absl::StrCat(layout_->dir(), "/", one.name, ".cosigned"), policy.origin()),
          client::CosignStream::Options()));
    }
    return absl::OkStatus();
  }

  const cli::DevLayout& layout() const { return *layout_; }

 private:
  rpc::TlsFiles Files(std::string_view path) const {
    return {.certificate_path = layout_->CertificatePath(path, crypto::KeyUse::kTls),
            .key_path = layout_->KeyPath(path, crypto::KeyUse::kTls)};
  }

  absl::StatusOr<std::unique_ptr<evidence::Signer>> MakeSigner(std::string_view path) {
    WS_ASSIGN_OR_RETURN(
        std::string certificate_pem,
        config::ReadFile(layout_->CertificatePath(path, crypto::KeyUse::kSign), 65536));
    WS_ASSIGN_OR_RETURN(std::string key_pem,
                        config::ReadFile(layout_->KeyPath(path, crypto::KeyUse::kSign), 65536));
    WS_ASSIGN_OR_RETURN(crypto::Certificate certificate,
                        crypto::Certificate::FromPem(certificate_pem));
    WS_ASSIGN_OR_RETURN(crypto::SigningKey key, crypto::SigningKey::FromPem(key_pem));
    WS_ASSIGN_OR_RETURN(
        evidence::Signer signer,
        evidence::Signer::Create(cli::DevIdentity(path), std::move(key), std::move(certificate)));
    return std::make_unique<evidence::Signer>(std::move(signer));
  }

  SystemClock clock_;
  std::unique_ptr<cli::DevLayout> layout_;
  std::shared_ptr<rpc::TrustSource> trust_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  std::unique_ptr<evidence::Signer> publisher_;
  std::unique_ptr<evidence::Signer> consumer_;
  std::vector<std::unique_ptr<client::CosignStream>> cosigners_;
};

std::string_view SigningName(Signing signing) {
  constexpr std::string_view kNames[] = {"none", "single", "batch"};
  return kNames[static_cast<size_t>(signing)];
}

bool Wanted(const Flags& flags, Signing signing) {
  std::string name(signing == Signing::kNone ? "null" : SigningName(signing));
  return flags.only.empty() || flags.only.find(name) != std::string::npos;
}

void Print(const Flags& flags, std::string_view server, const Load& load, const Result& fast,
           const Result& paced, double null_rate) {
  std::string signing(SigningName(load.signing));
  if (flags.json) {
    absl::PrintF(
        "{\"server\":\"%s\",\"frame\":%d,\"signature\":\"%s\",\"messages_per_s\":%.0f,"
        "\"cpu_us_per_message\":%.2f,\"log_us_per_message\":%.2f,\"p50_us\":%.0f,"
        "\"p99_us\":%.0f}\n",
        std::string(server), load.frame, signing, fast.messages_per_s, fast.cpu_us_per_message,
        fast.log_us_per_message, paced.p50_us, paced.p99_us);
  } else {
    absl::PrintF("%-8s %5d  %-9s %12.0f %8.2f %8.2f %10.0f %10.0f %9.2f\n", std::string(server),
                 load.frame, signing, fast.messages_per_s, fast.cpu_us_per_message,
                 fast.log_us_per_message, paced.p50_us, paced.p99_us,
                 null_rate > 0 ? fast.messages_per_s / null_rate : 1.0);
  }
  std::fflush(stdout);
}

// One line of the table: full speed, then at 2,000 messages a second.
absl::StatusOr<double> Measure(const Flags& flags, std::string_view server, Load load,
                               double null_rate) {
  load.measured = absl::Seconds(flags.seconds);
  WS_ASSIGN_OR_RETURN(Result fast, Run(load));
  load.rate_per_s = kPacedRate;
  load.warm_up = absl::Milliseconds(500);
  load.measured = absl::Seconds(flags.seconds / 2);
  WS_ASSIGN_OR_RETURN(Result paced, Run(load));
  Print(flags, server, load, fast, paced, null_rate);
  return fast.messages_per_s;
}

int Serve(const Flags& flags) {
  cli::Signals signals;
  Bench bench;
  absl::Status opened = bench.Open(flags.dir);
  auto credentials = bench.ServerCredentials();
  if (!opened.ok() || !credentials.ok()) return 1;
  NullServer server(*credentials);
  std::cout << "ready null 127.0.0.1:" << server.port() << std::endl;
  while (signals.Wait(absl::Hours(1)) != cli::Signals::Event::kStop) {
  }
  return 0;
}

// The binary of the broker, beside this one in Bazel's output.
std::string BrokerPath(const std::string& own_path) {
  std::filesystem::path bin = std::filesystem::canonical(own_path);
  return (bin.parent_path() / "../../services/broker/broker").lexically_normal().string();
}

absl::Status RunAll(const Flags& flags, const std::string& own_path, const std::string& dir) {
  cli::Signals signals;
  SystemClock clock;
  Bench bench;
  WS_RETURN_IF_ERROR(bench.Open(dir));
  WS_ASSIGN_OR_RETURN(auto null_server,
                      cli::Child::Start({.name = "null",
                                         .command = {own_path, "--null_server", "--dir=" + dir},
                                         .log_path = dir + "/null.log"},
                                        signals));
  WS_ASSIGN_OR_RETURN(std::string null_address,
                      null_server->AwaitReady(absl::Seconds(20), clock, signals));
  WS_ASSIGN_OR_RETURN(
      auto broker,
      cli::Child::Start(
          {.name = "broker",
           .command = {BrokerPath(own_path), "--config=" + bench.layout().ConfigPath("broker")},
           .log_path = bench.layout().LogPath("broker")},
          signals));
  WS_ASSIGN_OR_RETURN(std::string broker_address,
                      broker->AwaitReady(absl::Seconds(20), clock, signals));
  if (flags.cosigners) WS_RETURN_IF_ERROR(bench.StartCosigners(broker_address));
  if (!flags.json) {
    std::cout << "1 KiB messages, 4 publishers, 4 consumers; latency at 2,000/s\n";
    absl::PrintF("%-8s %5s  %-9s %12s %8s %8s %10s %10s %9s\n", "server", "frame", "signature",
                 "messages/s", "cpu us", "log us", "p50 us", "p99 us", "of null");
  }
  for (int frame : {1, 16, 64}) {
    if (flags.frame != 0 && flags.frame != frame) continue;
    WS_ASSIGN_OR_RETURN(Load load, bench.MakeLoad(null_address));
    load.frame = frame;
    double null_rate = 0;
    load.server = null_server->pid();
    if (Wanted(flags, Signing::kNone)) {
      WS_ASSIGN_OR_RETURN(null_rate, Measure(flags, "null", load, 0));
    }
    WS_ASSIGN_OR_RETURN(load, bench.MakeLoad(broker_address));
    load.frame = frame;
    load.server = broker->pid();
    for (Signing signing : {Signing::kSingle, Signing::kBatch}) {
      if (!Wanted(flags, signing)) continue;
      load.signing = signing;
      WS_RETURN_IF_ERROR(Measure(flags, "bus", load, null_rate).status());
    }
  }
  cli::StopChildren({broker.get(), null_server.get()}, absl::Seconds(3), clock);
  return absl::OkStatus();
}

}  // namespace
}  // namespace waystation::bench

int main(int argc, char** argv) {
  using waystation::bench::Flags;
  Flags flags = waystation::bench::ParseFlags(argc, argv);
  if (flags.null_server) return waystation::bench::Serve(flags);
  bool own_dir = flags.dir.empty();
  std::string dir = flags.dir;
  if (own_dir) {
    std::string pattern = (std::filesystem::temp_directory_path() / "bus_bench.XXXXXX").string();
    dir = mkdtemp(pattern.data());
  }
  absl::Status status = waystation::bench::RunAll(flags, argv[0], dir);
  if (!status.ok()) std::cerr << "bus_bench: " << status.ToString() << "\n";
  if (own_dir) std::filesystem::remove_all(dir);
  return status.ok() ? 0 : 1;
}
