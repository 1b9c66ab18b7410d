#include "common/agency/main.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/agency/test_world.h"
#include "common/client/fake_log.h"
#include "common/config/file.h"
#include "common/crypto/ed25519.h"
#include "common/rpc/channel.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::agency {
namespace {

constexpr char kInsIdentity[] = "spiffe://waystation.example/agency/ins";

// An agency whose one call answers with who called.
class EchoService : public Service, public ins::v1::InsService::CallbackService {
 public:
  std::vector<Schema> schemas() const override {
    return {{"echo", {"CREATE TABLE echo(id TEXT)"}}};
  }
  void Attach(Agency&, Officers& officers) override { officers_ = &officers; }
  std::vector<grpc::Service*> officers_apis() override { return {this}; }
  absl::Status OnCase(const CaseMessage&, Tx&) override { return absl::OkStatus(); }
  absl::Status OnRefused(const CaseMessage&, const absl::Status&, Tx&) override {
    return absl::OkStatus();
  }

  grpc::ServerUnaryReactor* GetPetition(grpc::CallbackServerContext* context,
                                        const ins::v1::GetPetitionRequest* request,
                                        ins::v1::GetPetitionResponse* response) override {
    return officers_->Read(context, request, response,
                           [](const Officer& officer, const ins::v1::GetPetitionRequest&, Tx&,
                              ins::v1::GetPetitionResponse& out) {
                             out.mutable_petition()->set_person(officer.staff_id());
                             return absl::OkStatus();
                           });
  }

 private:
  Officers* officers_ = nullptr;
};

std::unique_ptr<Service> MakeEcho(const Identity&, const Clock&) {
  return std::make_unique<EchoService>();
}

int RunWith(std::vector<std::string> words, const char* agency = "ins") {
  words.insert(words.begin(), "agency");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return RunAgency(static_cast<int>(argv.size()), argv.data(), agency, MakeEcho);
}

class MainTest : public testing::Test {
 protected:
  void SetUp() override {
    // Only the thread that runs the agency may take the signal.
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &term, nullptr), 0);
    std::string pattern = std::filesystem::temp_directory_path().string() + "/main.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    config_.set_identity(kInsIdentity);
    config_.set_broker_address("127.0.0.1:1");  // Nobody listens there.
    config_.set_broker_identity("spiffe://waystation.example/broker/1");
    config_.set_listen_address("127.0.0.1:0");
    config_.set_roots_path(tls_.roots_path());
    config_.set_crl_path(tls_.crl_path());
    rpc::TlsFiles own = tls_.Issue({kInsIdentity}).files;
    config_.set_tls_certificate_path(own.certificate_path);
    config_.set_tls_key_path(own.key_path);
    IssueKeys(crypto::KeyUse::kSign, config_.mutable_sign_certificate_path(),
              config_.mutable_sign_key_path());
    IssueKeys(crypto::KeyUse::kEncrypt, config_.mutable_encrypt_certificate_path(),
              config_.mutable_encrypt_key_path());
    config_.set_store_path(folder_ + "/ins.db");
    config_.set_store_key_path(Write("store.key", std::string(32, 'k')));
    types::v1::ActingOfficial& official = *config_.add_staff();
    official.set_staff_id("officer-1");
    official.set_title("Adjudications Officer");
    official.set_office("Vermont Service Center");
    official.set_unit("ins/vermont-service-center");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
    return path;
  }
  void IssueKeys(crypto::KeyUse use, std::string* certificate_path, std::string* key_path) {
    crypto::IssueRequest request;
    request.common_name = "ins";
    request.uri_sans = {kInsIdentity};
    request.use = use;
    request.not_before = clock_.Now() - absl::Hours(1);
    request.not_after = clock_.Now() + absl::Hours(1);
    auto issued = authority_->Issue(request);
    ASSERT_TRUE(issued.ok()) << issued.status();
    const std::string name(crypto::KeyUseName(use));
    *certificate_path = Write(name + ".pem", issued->certificate_pem);
    *key_path = Write(name + ".key", issued->key_pem);
  }
  std::string ConfigFile() { return Write("ins.textproto", config_.DebugString()); }

  SystemClock clock_;
  absl::StatusOr<crypto::CertificateAuthority> authority_ = crypto::CertificateAuthority::Create(
      "test root", clock_.Now() - absl::Hours(48), absl::Hours(24 * 365));
  rpc::TestTls tls_{*authority_, clock_.Now()};
  std::string folder_;
  AgencyConfig config_;
};

TEST_F(MainTest, RefusesWrongFlags) {
  EXPECT_EQ(RunWith({}), 2);
  EXPECT_EQ(RunWith({"--port=1", "--config=x"}), 2);
  EXPECT_EQ(RunWith({"--config"}), 2);
}

TEST_F(MainTest, RefusesAConfigurationThatIsWrong) {
  EXPECT_EQ(RunWith({"--config=" + folder_ + "/none"}), 78);
  EXPECT_EQ(RunWith({"--config=" + Write("bad", "no_such_field: 1")}), 78);
  EXPECT_EQ(RunWith({"--config=" + ConfigFile(), "--check_config"}, "doj"), 78);
  config_.set_sign_key_path(config_.encrypt_key_path());
  EXPECT_EQ(RunWith({"--config=" + ConfigFile(), "--check_config"}), 78);
}

TEST_F(MainTest, ChecksAConfigurationWithoutMakingAStore) {
  EXPECT_EQ(RunWith({"--config", ConfigFile(), "--check_config"}), 0);
  EXPECT_FALSE(std::filesystem::exists(config_.store_path()));
}

// Calls the officers' API as `identity`; returns the staff id that it saw.
absl::StatusOr<std::string> Ask(rpc::TestTls& tls, const Clock& clock, const std::string& address,
                                const std::string& identity) {
  WS_ASSIGN_OR_RETURN(auto credentials,
                      rpc::MakeChannelCredentials(tls.Issue({identity}).files, tls.Trust(clock),
                                                  clock, kInsIdentity));
  auto stub = ins::v1::InsService::NewStub(rpc::MakeChannel(address, credentials));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  ins::v1::GetPetitionResponse response;
  grpc::Status status = stub->GetPetition(&context, {}, &response);
  if (!status.ok()) return absl::UnknownError(status.error_message());
  return response.petition().person();
}

TEST_F(MainTest, ServesOfficersWithoutABrokerAndStopsOnSigterm) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int stdout_copy = ::dup(STDOUT_FILENO);
  ASSERT_GE(::dup2(ends[1], STDOUT_FILENO), 0);
  std::string line;
  std::string officer;
  std::string stranger;
  absl::Duration stopping;
  std::thread user([&] {
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
    const std::string address = line.substr(line.rfind(' ') + 1);
    const std::string ins = kInsIdentity;
    officer = Ask(tls_, clock_, address, ins + "/staff/officer-1").value_or("refused");
    stranger = Ask(tls_, clock_, address, ins + "/staff/officer-2").value_or("refused");
    stopping = clock_.Monotonic();
    ::kill(::getpid(), SIGTERM);
  });
  int exit_code = RunWith({"--config=" + ConfigFile()});
  absl::Duration stopped = clock_.Monotonic();
  user.join();
  ::dup2(stdout_copy, STDOUT_FILENO);
  EXPECT_EQ(exit_code, 0);
  EXPECT_THAT(line, testing::MatchesRegex("ready ins 127.0.0.1:[0-9]+"));
  EXPECT_EQ(officer, "officer-1");
  EXPECT_EQ(stranger, "refused");
  EXPECT_LT(stopped - stopping, absl::Seconds(3));
}

TEST_F(MainTest, CosignsAndKeepsWhatItCosignedBesideItsStore) {
  client::FakeLog log(tls_, clock_, config_.broker_identity());
  config_.set_broker_address(log.address());
  const auto key = *crypto::Ed25519Key::Generate();
  const auto name = *tlog::VerifierKey::Create("waystation.example/cosigner/ins",
                                               tlog::KeyType::kCosignature, key.public_key());
  config_.set_cosigner_key_path(Write("cosigner.key", *key.ToPem()));
  config_.set_audit_log_policy_path(
      Write("policy",
            "log " + log.key().ToString() + "\nwitness ins " + name.ToString() + "\nquorum ins\n"));
  audit::v1::CosignAnswer answer;
  std::thread broker([&] {
    answer = log.Ask(log.Body(0, 3));
    ::kill(::getpid(), SIGTERM);
  });
  EXPECT_EQ(RunWith({"--config=" + ConfigFile()}), 0);
  broker.join();
  EXPECT_EQ(answer.code(), 200u) << answer.body();
  auto kept = config::ReadFile(config_.store_path() + ".cosigned", tlog::kNoteBytesMax);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_THAT(*kept, testing::HasSubstr(answer.body()));
}

}  // namespace
}  // namespace waystation::agency
