#ifndef WAYSTATION_TESTS_HARNESS_TEST_BUS_H_
#define WAYSTATION_TESTS_HARNESS_TEST_BUS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/client/bus_client.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"
#include "common/evidence/signer.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/channel.h"
#include "tools/waystation/child.h"
#include "tools/waystation/dev_layout.h"
#include "tools/waystation/signals.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::harness {

inline constexpr std::string_view kDoj = "/agency/doj";
inline constexpr std::string_view kIns = "/agency/ins";
inline constexpr std::string_view kOperator = "/operator";
inline constexpr std::string_view kAuditor = "/auditor";
inline constexpr std::string_view kBroker = "/broker/1";

// Looks until `holds` or `patience` has passed; returns what it saw last.
bool Eventually(const std::function<bool()>& holds, absl::Duration patience = absl::Seconds(10));

// The seed of this run: from WAYSTATION_TEST_SEED, or random.
// Printed, so that a failure can be played again.
uint64_t TestSeed();

// Ends the test program with the status when it is not OK.
void Require(const absl::Status& status, std::string_view what);
template <typename T>
T Must(absl::StatusOr<T> value, std::string_view what) {
  Require(value.status(), what);
  return *std::move(value);
}

// A development bus of real processes over real mutual TLS on loopback, in a
// folder of its own that goes with it.
//
//   TestBus bus;
//   bus.Start();
//   auto client = bus.Client(kDoj);
//   bus.Kill();
//   bus.Start();  // The same port.
//
// A failure of its own ends the test program. Processes are children of the
// main thread and die with it.
// Single-threaded: the main thread; what it gives out is Thread-safe.
class TestBus {
 public:
  struct Options {
    // Changes the genesis record, after issuing what it takes.
    std::function<void(cli::DevLayout&, journal::v1::Genesis*)> adjust_genesis;
    // What stands before the broker's own command: a tracer.
    std::vector<std::string> broker_prefix;
    uint64_t segment_bytes = uint64_t{16} << 20;
    uint64_t snapshot_records = 0;  // 0: the broker's default.
    // Who is on the bus. Two start faster than six.
    std::vector<std::string> agencies = {"doj", "ins"};
  };

  TestBus() : TestBus(Options{}) {}
  explicit TestBus(Options options);
  ~TestBus();
  TestBus(const TestBus&) = delete;
  TestBus& operator=(const TestBus&) = delete;

  // Starts the broker, at the port that it had before, and waits until it is
  // ready.
  void Start();
  // Starts a broker that must end by itself; returns how, with the last line
  // of its log. OK when it came up instead.
  absl::Status StartAndFail();
  // SIGKILL, and waits for the end.
  void Kill();
  // SIGTERM; returns how long it took to end. Ends the program after 20 s.
  absl::Duration Stop();
  bool running();

  // Starts a second broker from a copy of what the stopped one has, with the same keys
  // and a port of its own, as an operator with two histories would. Once. Returns its
  // address.
  std::string StartTwin();
  std::string twin_dir() const { return dir() + "/twin"; }

  // Starts the service of an agency beside the broker, or again: one
  // of Options::agencies. At another broker where an address is given.
  void StartAgency(const std::string& agency, const std::string& broker_address = "");
  void KillAgency(const std::string& agency) { services_.at(agency).process.reset(); }
  const std::string& agency_address(const std::string& agency) {
    return services_.at(agency).address;
  }

  // Starts the auditor's service beside the broker, or again.
  void StartAudit();
  void KillAudit() { services_.at("audit").process.reset(); }
  const std::string& audit_address() { return services_.at("audit").address; }

  pid_t broker_pid() const { return broker_->pid(); }
  const std::string& address() const { return address_; }
  const std::string& dir() const { return layout_->dir(); }
  std::string journal_dir() const { return dir() + "/broker/journal"; }
  std::string projection_dir() const { return dir() + "/broker/projection"; }
  std::string broker_log() const { return layout_->LogPath("broker"); }
  // Sequence of the snapshot that the last start of the broker began from, by its
  // own log; 0 when it read the journal from the first record.
  uint64_t ReplayedFrom() const;
  cli::DevLayout& layout() { return *layout_; }
  const SystemClock& clock() const { return clock_; }
  const std::shared_ptr<rpc::TrustSource>& trust() const { return trust_; }
  const std::shared_ptr<const evidence::DirectoryView>& directory() const { return directory_; }

  // TLS files of an identity path that the layout has.
  rpc::TlsFiles Files(std::string_view path) const;
  // A new connection to the broker, or to the server of `identity` at
  // `address`.
  std::shared_ptr<grpc::Channel> Channel(const rpc::TlsFiles& files);
  std::shared_ptr<grpc::Channel> Channel(std::string_view path) { return Channel(Files(path)); }
  std::shared_ptr<grpc::Channel> ChannelTo(const rpc::TlsFiles& files, const std::string& address,
                                           std::string_view server_path);
  // Signs with the enrolled key of a path.
  std::shared_ptr<const evidence::Signer> Signer(std::string_view path);
  std::shared_ptr<client::BusClient> Client(std::string_view path);

 private:
  struct Service {
    std::unique_ptr<cli::Child> process;
    std::string address;
  };

  void Launch();
  void WriteConfig();
  // Starts services/<name>, at the port that it had before, after `write_config`
  // for that address.
  void StartService(const std::string& name,
                    const std::function<absl::Status(const std::string&)>& write_config);

  const Options options_;
  SystemClock clock_;
  std::string folder_;
  std::unique_ptr<cli::DevLayout> layout_;
  std::shared_ptr<rpc::TrustSource> trust_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  std::map<std::string, std::shared_ptr<const evidence::Signer>, std::less<>> signers_;
  std::unique_ptr<cli::Child> broker_;
  std::unique_ptr<cli::Child> twin_;
  std::string address_ = "127.0.0.1:0";
  std::map<std::string, Service> services_;  // Agencies, and "audit".
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_HARNESS_TEST_BUS_H_
