#include "tests/harness/test_bus.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_replace.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/rpc/channel.h"
#include "common/status/status.h"
#include "google/protobuf/text_format.h"

namespace waystation::harness {
namespace {

constexpr absl::Duration kReadyPatience = absl::Seconds(20);
constexpr int kStartsMax = 5;
constexpr size_t kPemBytesMax = 64 * 1024;

// Made before the first thread of the program, see cli::Signals.
cli::Signals& ProcessSignals() {
  static auto& signals = *new cli::Signals;
  return signals;
}

std::string Runfile(const std::string& path) {
  const char* sources = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  if (sources == nullptr || workspace == nullptr) Fatal("TEST_SRCDIR: missing, run under Bazel");
  return std::string(sources) + "/" + workspace + "/" + path;
}

std::string MakeFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string pattern = std::string(base == nullptr ? "/tmp" : base) + "/bus.XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) Fatal("mkdtemp: failed");
  return pattern;
}

void AdjustGenesis(cli::DevLayout& layout,
                   const std::function<void(cli::DevLayout&, journal::v1::Genesis*)>& adjust) {
  const std::string path = layout.GenesisPath();
  journal::v1::Genesis genesis;
  Require(config::LoadTextProto(path, &genesis), "genesis");
  adjust(layout, &genesis);
  std::string text;
  WS_CHECK(google::protobuf::TextFormat::PrintToString(genesis, &text));
  std::ofstream(path, std::ios::trunc) << text;
}

// Whether the broker ended because another process holds its port: an outgoing
// connection may be given it while the broker is away.
bool PortTaken(const absl::Status& status) {
  return Std(status.message()).find("UNAVAILABLE") != std::string_view::npos;
}

}  // namespace

bool Eventually(const std::function<bool()>& holds, absl::Duration patience) {
  SystemClock clock;
  absl::Duration until = clock.Monotonic() + patience;
  while (!holds()) {
    if (clock.Monotonic() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

uint64_t TestSeed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("WAYSTATION_TEST_SEED");
    uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::cout << "seed " << value << " (WAYSTATION_TEST_SEED)" << std::endl;
    return value;
  }();
  return seed;
}

void Require(const absl::Status& status, std::string_view what) {
  if (!status.ok()) Fatal(absl::StrCat(Absl(what), ": ", status.ToString()));
}

TestBus::TestBus(Options options) : options_(std::move(options)), folder_(MakeFolder()) {
  ProcessSignals();
  layout_ = std::make_unique<cli::DevLayout>(
      Must(cli::DevLayout::Make(folder_, clock_.Now(), cli::DevAgenciesNamed(options_.agencies)),
           "dev layout"));
  if (options_.adjust_genesis) AdjustGenesis(*layout_, options_.adjust_genesis);
  WriteConfig();
  trust_ = Must(rpc::TrustSource::Create({.roots_path = layout_->pki().roots_path(),
                                          .crl_path = layout_->pki().crl_path()},
                                         clock_),
                "trust");
  journal::v1::Genesis genesis;
  Require(config::LoadTextProto(layout_->GenesisPath(), &genesis), "genesis");
  directory_ = Must(evidence::DirectoryView::Create(genesis.directory()), "directory");
}

TestBus::~TestBus() {
  services_.clear();
  twin_.reset();
  broker_.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void TestBus::WriteConfig() {
  Require(layout_->WriteBrokerConfig(address_), "broker config");
  std::ofstream(layout_->ConfigPath("broker"), std::ios::app)
      << "segment_bytes: " << options_.segment_bytes << "\n"
      << "snapshot_records: " << options_.snapshot_records << "\n"
      << "small_segments_for_tests: true\n";
}

void TestBus::Launch() {
  WS_CHECK(!running());
  WriteConfig();
  std::vector<std::string> command = options_.broker_prefix;
  command.push_back(Runfile("services/broker/broker"));
  command.push_back("--config=" + layout_->ConfigPath("broker"));
  broker_ = Must(cli::Child::Start({.name = "broker", .command = command, .log_path = broker_log()},
                                   ProcessSignals()),
                 "broker");
}

void TestBus::Start() {
  for (int i = 1;; ++i) {
    Launch();
    absl::StatusOr<std::string> ready =
        broker_->AwaitReady(kReadyPatience, clock_, ProcessSignals());
    if (ready.ok()) {
      address_ = *ready;
      return;
    }
    if (i == kStartsMax || !PortTaken(ready.status())) Require(ready.status(), "broker");
  }
}

absl::Status TestBus::StartAndFail() {
  Launch();
  absl::StatusOr<std::string> ready = broker_->AwaitReady(kReadyPatience, clock_, ProcessSignals());
  if (ready.ok()) Kill();
  return ready.status();
}

void TestBus::Kill() { broker_.reset(); }

absl::Duration TestBus::Stop() {
  absl::Duration before = clock_.Monotonic();
  broker_->Send(SIGTERM);
  if (!Eventually([&] { return broker_->Ended(); }, absl::Seconds(20))) Fatal("broker: stays");
  absl::Duration took = clock_.Monotonic() - before;
  broker_.reset();
  return took;
}

uint64_t TestBus::ReplayedFrom() const {
  static const std::string kField = "\"snapshot_sequence\":";
  std::ifstream file(broker_log());
  std::string line;
  std::string last;
  while (std::getline(file, line)) {
    if (line.find("\"event\":\"replayed\"") != std::string::npos) last = line;
  }
  const size_t at = last.find(kField);
  if (at == std::string::npos) Fatal("broker log: no start in it");
  return std::strtoull(last.c_str() + at + kField.size(), nullptr, 10);
}

bool TestBus::running() { return broker_ != nullptr && !broker_->Ended(); }

std::string TestBus::StartTwin() {
  namespace fs = std::filesystem;
  WS_CHECK(!running());
  WriteConfig();
  fs::copy(dir() + "/broker", twin_dir(), fs::copy_options::recursive);
  const std::string key = twin_dir() + "/audit-log-key.pem";
  // With what it signed last, which each broker writes for itself.
  for (const char* end : {"", ".last"}) fs::copy(layout_->AuditLogKeyPath() + end, key + end);
  const std::string config = twin_dir() + "/config.textproto";
  const std::string text = Must(config::ReadFile(config, kPemBytesMax), config);
  std::ofstream(config, std::ios::trunc)
      << absl::StrReplaceAll(text, {{dir() + "/broker/", twin_dir() + "/"},
                                    {layout_->AuditLogKeyPath(), key},
                                    {address_, "127.0.0.1:0"}});
  twin_ =
      Must(cli::Child::Start({.name = "broker",
                              .command = {Runfile("services/broker/broker"), "--config=" + config},
                              .log_path = layout_->LogPath("twin")},
                             ProcessSignals()),
           "twin");
  return Must(twin_->AwaitReady(kReadyPatience, clock_, ProcessSignals()), "twin");
}

void TestBus::StartAgency(const std::string& agency, const std::string& broker_address) {
  StartService(agency, [&](const std::string& listen) {
    return layout_->WriteAgencyConfig(agency, broker_address.empty() ? address_ : broker_address,
                                      listen, services_["audit"].address);
  });
}

void TestBus::StartAudit() {
  StartService("audit", [&](const std::string& listen) {
    return layout_->WriteAuditConfig(address_, listen);
  });
}

void TestBus::StartService(const std::string& name,
                           const std::function<absl::Status(const std::string&)>& write_config) {
  Service& started = services_[name];
  Require(write_config(started.address.empty() ? "127.0.0.1:0" : started.address),
          name + " config");
  for (int i = 1;; ++i) {
    started.process = Must(cli::Child::Start({.name = name,
                                              .command = {Runfile("services/" + name + "/" + name),
                                                          "--config=" + layout_->ConfigPath(name)},
                                              .log_path = layout_->LogPath(name)},
                                             ProcessSignals()),
                           name);
    auto ready = started.process->AwaitReady(kReadyPatience, clock_, ProcessSignals());
    if (ready.ok()) {
      started.address = *ready;
      return;
    }
    if (i == kStartsMax || !PortTaken(ready.status())) Require(ready.status(), name);
  }
}

rpc::TlsFiles TestBus::Files(std::string_view path) const {
  return {.certificate_path = layout_->CertificatePath(path, crypto::KeyUse::kTls),
          .key_path = layout_->KeyPath(path, crypto::KeyUse::kTls)};
}

std::shared_ptr<grpc::Channel> TestBus::Channel(const rpc::TlsFiles& files) {
  return ChannelTo(files, address_, kBroker);
}

std::shared_ptr<grpc::Channel> TestBus::ChannelTo(const rpc::TlsFiles& files,
                                                  const std::string& address,
                                                  std::string_view server_path) {
  auto credentials = Must(
      rpc::MakeChannelCredentials(files, trust_, clock_, cli::DevIdentity(server_path)), "channel");
  return rpc::MakeChannel(address, credentials);
}

std::shared_ptr<const evidence::Signer> TestBus::Signer(std::string_view path) {
  auto found = signers_.find(path);
  if (found != signers_.end()) return found->second;
  auto read = [](const std::string& file) {
    return Must(config::ReadFile(file, kPemBytesMax), file);
  };
  auto certificate = Must(
      crypto::Certificate::FromPem(read(layout_->CertificatePath(path, crypto::KeyUse::kSign))),
      "certificate");
  auto key =
      Must(crypto::SigningKey::FromPem(read(layout_->KeyPath(path, crypto::KeyUse::kSign))), "key");
  auto signer = std::make_shared<const evidence::Signer>(Must(
      evidence::Signer::Create(cli::DevIdentity(path), std::move(key), certificate), "signer"));
  signers_.emplace(path, signer);
  return signer;
}

std::shared_ptr<client::BusClient> TestBus::Client(std::string_view path) {
  client::BusClient::Options options;
  options.target = address_;
  options.credentials =
      Must(rpc::MakeChannelCredentials(Files(path), trust_, clock_, cli::DevIdentity(kBroker)),
           "client");
  options.broker_identity = cli::DevIdentity(kBroker);
  options.trust = trust_;
  bool signs = std::filesystem::exists(layout_->KeyPath(path, crypto::KeyUse::kSign));
  if (signs) options.signer = Signer(path);
  return std::make_shared<client::BusClient>(std::move(options), clock_);
}

}  // namespace waystation::harness
