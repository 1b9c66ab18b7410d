#include "common/rpc/tls.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/crypto/certificate.h"
#include "common/rpc/caller.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_grpc.h"
#include "common/rpc/test_tls.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"

namespace waystation::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kBroker[] = "spiffe://waystation.example/broker/1";
constexpr char kIns[] = "spiffe://waystation.example/agency/ins";
constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";

absl::Time Now() { return absl::FromUnixSeconds(1'795'000'000); }

// Answers with the identity of the caller, as read from its certificate.
class EchoService : public bus::v1::DirectoryService::CallbackService {
 public:
  EchoService(std::shared_ptr<TrustSource> trust, const Clock& clock)
      : trust_(std::move(trust)), clock_(clock) {}

  grpc::ServerUnaryReactor* GetDirectory(grpc::CallbackServerContext* context,
                                         const bus::v1::GetDirectoryRequest*,
                                         bus::v1::GetDirectoryResponse* response) override {
    auto caller = CallerOf(*context->auth_context(), trust_->Current(), clock_.Now());
    if (caller.ok()) {
      response->mutable_directory()->set_trust_domain(caller->identity);
      response->set_bus_id(crypto::Hex(crypto::AsBytes(caller->certificate_sha256)));
    }
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }

 private:
  std::shared_ptr<TrustSource> trust_;
  const Clock& clock_;
};

class RecordingSink : public RefusalSink {
 public:
  void OnRefusal(std::string_view peer, std::string_view stage, std::string_view reason,
                 std::string_view text) override {
    EXPECT_FALSE(text.empty());
    std::lock_guard<std::mutex> lock(mutex_);
    seen_.push_back(absl::StrCat(Absl(peer), " ", Absl(stage), " ", Absl(reason)));
  }

  // Refused clients try again, so each kind counts once.
  std::vector<std::string> Seen() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> out = seen_;
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> seen_;
};

class TlsTest : public testing::Test {
 protected:
  TlsTest() { server_ = Start(broker_.files, trust_); }

  std::unique_ptr<Server> Start(const TlsFiles& files, std::shared_ptr<TrustSource> trust) {
    auto credentials = MakeServerCredentials(files, trust, clock_, server_sink_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    ServerOptions options;
    options.credentials = *credentials;
    auto server = Server::Start(options, {&service_});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  std::shared_ptr<grpc::Channel> Channel(const TlsFiles& files,
                                         const std::string& server_identity = kBroker) {
    auto credentials = MakeChannelCredentials(files, trust_, clock_, server_identity, client_sink_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return MakeChannel(server_->address(), *credentials);
  }

  absl::StatusOr<bus::v1::GetDirectoryResponse> Call(
      const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    bus::v1::GetDirectoryResponse response;
    auto stub = bus::v1::DirectoryService::NewStub(channel);
    WS_RETURN_IF_ERROR(FromGrpcStatus(stub->GetDirectory(&context, {}, &response)));
    return response;
  }

  void ExpectRefusedInHandshake(const TlsFiles& files, const std::string& seen) {
    EXPECT_TRUE(absl::IsUnavailable(Call(Channel(files)).status()));
    EXPECT_THAT(server_sink_->Seen(), ElementsAre(seen));
  }

  FakeClock clock_{Now()};
  TestTls tls_{Now()};
  std::shared_ptr<TrustSource> trust_ = tls_.Trust(clock_);
  std::shared_ptr<RecordingSink> server_sink_ = std::make_shared<RecordingSink>();
  std::shared_ptr<RecordingSink> client_sink_ = std::make_shared<RecordingSink>();
  TestTls::Issued broker_ = tls_.Issue({kBroker});
  TestTls::Issued ins_ = tls_.Issue({kIns});
  EchoService service_{trust_, clock_};
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, TellsTheIdentityOfAGoodPeer) {
  auto response = Call(Channel(ins_.files));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->directory().trust_domain(), kIns);
  EXPECT_THAT(server_sink_->Seen(), IsEmpty());
}

TEST_F(TlsTest, RefusesAClientOfAnotherAuthorityAndSaysSo) {
  TestTls other(Now());
  ExpectRefusedInHandshake(other.Issue({kIns}).files,
                           std::string(kIns) + " handshake CERTIFICATE_UNTRUSTED");
}

TEST_F(TlsTest, RefusesAnExpiredClientAndSaysSo) {
  ExpectRefusedInHandshake(tls_.IssueExpired({kIns}).files,
                           std::string(kIns) + " handshake CERTIFICATE_EXPIRED");
}

TEST_F(TlsTest, RefusesARevokedClientInTheNextHandshake) {
  ASSERT_TRUE(Call(Channel(ins_.files)).ok());
  tls_.Revoke({ins_.serial});
  ExpectRefusedInHandshake(ins_.files, std::string(kIns) + " handshake CERTIFICATE_REVOKED");
}

TEST_F(TlsTest, RefusesARevokedClientInTheNextCallOfAnOpenConnection) {
  auto channel = Channel(ins_.files);
  ASSERT_TRUE(Call(channel).ok());
  tls_.Revoke({ins_.serial});
  absl::Status status = Call(channel).status();
  EXPECT_TRUE(absl::IsUnauthenticated(status));
  EXPECT_EQ(ReasonOf(status), "CERTIFICATE_REVOKED");
}

TEST_F(TlsTest, RefusesAClientWithoutCertificate) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(tls_.roots_path(), 1));
  options.watch_root_certs();
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  auto channel = MakeChannel(server_->address(), grpc::experimental::TlsCredentials(options));
  EXPECT_TRUE(absl::IsUnavailable(Call(channel).status()));
}

TEST_F(TlsTest, IdentityProblemsPassTheHandshakeAndAreToldPerCall) {
  EXPECT_EQ(ReasonOf(Call(Channel(tls_.Issue({}).files)).status()), "IDENTITY_MISSING");
  EXPECT_EQ(ReasonOf(Call(Channel(tls_.Issue({"https://x/y"}).files)).status()),
            "IDENTITY_MISSING");
  EXPECT_EQ(ReasonOf(Call(Channel(tls_.Issue({kIns, kDoj}).files)).status()), "IDENTITY_AMBIGUOUS");
  EXPECT_THAT(server_sink_->Seen(), IsEmpty());
}

TEST_F(TlsTest, ClientRefusesAServerThatIsNotTheExpectedOne) {
  EXPECT_TRUE(absl::IsUnavailable(Call(Channel(ins_.files, kDoj)).status()));
  EXPECT_THAT(client_sink_->Seen(),
              ElementsAre(std::string(kBroker) + " handshake IDENTITY_UNKNOWN"));
}

TEST_F(TlsTest, ClientRefusesAServerOfAnotherAuthority) {
  TestTls other(Now());
  server_ = Start(other.Issue({kBroker}).files, trust_);
  EXPECT_TRUE(absl::IsUnavailable(Call(Channel(ins_.files)).status()));
  EXPECT_THAT(client_sink_->Seen(),
              ElementsAre(std::string(kBroker) + " handshake CERTIFICATE_UNTRUSTED"));
}

TEST_F(TlsTest, ClientRefusesARevokedServer) {
  tls_.Revoke({broker_.serial});
  EXPECT_TRUE(absl::IsUnavailable(Call(Channel(ins_.files)).status()));
  EXPECT_THAT(client_sink_->Seen(),
              ElementsAre(std::string(kBroker) + " handshake CERTIFICATE_REVOKED"));
}

TEST_F(TlsTest, ClientRefusesAServerWithTwoIdentities) {
  server_ = Start(tls_.Issue({kBroker, kDoj}).files, trust_);
  EXPECT_TRUE(absl::IsUnavailable(Call(Channel(ins_.files)).status()));
  EXPECT_THAT(client_sink_->Seen(), ElementsAre(HasSubstr("handshake IDENTITY_UNKNOWN")));
}

TEST_F(TlsTest, TakesUpANewServerCertificateWithoutRestart) {
  const TestTls::Issued renewed = tls_.Issue({kBroker});
  tls_.Revoke({broker_.serial});
  std::filesystem::rename(renewed.files.key_path, broker_.files.key_path);
  std::filesystem::rename(renewed.files.certificate_path, broker_.files.certificate_path);
  // gRPC looks at the files once a second; each try is a new handshake, and the
  // test's own time limit ends a wait that is too long.
  absl::Status status = absl::UnavailableError("not tried");
  while (!status.ok()) status = Call(Channel(ins_.files)).status();
  EXPECT_TRUE(status.ok());
}

TEST_F(TlsTest, AcceptsAClientBelowAnIntermediateAuthority) {
  auto root =
      crypto::CertificateAuthority::Create("root", Now() - absl::Hours(1), absl::Hours(1000));
  ASSERT_TRUE(root.ok()) << root.status();
  auto middle = root->IssueIntermediate("middle", Now() - absl::Hours(1), absl::Hours(900));
  ASSERT_TRUE(middle.ok()) << middle.status();
  TestTls below(*middle, Now());
  TestTls top(*root, Now());
  top.WriteCrl(top.CrlPem(1, {}) + below.CrlPem(1, {}));
  auto trust = top.Trust(clock_);
  EchoService service(trust, clock_);
  auto client = below.Issue({kIns});
  std::ofstream(client.files.certificate_path, std::ios::app) << middle->cert_pem();
  auto broker = top.Issue({kBroker});
  ServerOptions options;
  options.credentials = *MakeServerCredentials(broker.files, trust, clock_, server_sink_);
  auto server = Server::Start(options, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  auto channel = MakeChannel((*server)->address(),
                             *MakeChannelCredentials(client.files, trust, clock_, kBroker));
  auto response = Call(channel);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->directory().trust_domain(), kIns);
}

TEST_F(TlsTest, CredentialsNameFilesThatDoNotFit) {
  TlsFiles crossed{ins_.files.certificate_path, broker_.files.key_path};
  auto status = MakeServerCredentials(crossed, trust_, clock_, nullptr).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(broker_.files.key_path));
  TlsFiles missing{"none.pem", broker_.files.key_path};
  status = MakeChannelCredentials(missing, trust_, clock_, kBroker).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("none.pem"));
}

TEST_F(TlsTest, WhatIsNotThereIsUnimplemented) {
  grpc::ClientContext context;
  bus::v1::GetReferralResponse response;
  auto stub = bus::v1::LedgerService::NewStub(Channel(ins_.files));
  EXPECT_EQ(stub->GetReferral(&context, {}, &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(TlsTest, HealthFollowsSetServing) {
  auto check = [channel = Channel(ins_.files)] {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    const grpc::Slice empty;
    grpc::ByteBuffer request(&empty, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&done](grpc::Status status) { done.set_value(status); });
    EXPECT_TRUE(done.get_future().get().ok());
    grpc::Slice slice;
    EXPECT_TRUE(response.DumpToSingleSlice(&slice).ok());
    return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
  };
  // HealthCheckResponse.status: 1 is SERVING, 2 is NOT_SERVING.
  EXPECT_EQ(check(), "\x08\x01");
  server_->SetServing(false);
  EXPECT_EQ(check(), "\x08\x02");
}

TEST_F(TlsTest, SaysWhenThePortIsTaken) {
  ServerOptions options;
  options.port = server_->port();
  options.credentials = *MakeServerCredentials(broker_.files, trust_, clock_, nullptr);
  EchoService second(trust_, clock_);
  auto status = Server::Start(options, {&second}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(server_->address()));
}

TEST_F(TlsTest, ShutdownEndsAndMayBeRepeated) {
  auto channel = Channel(ins_.files);
  ASSERT_TRUE(Call(channel).ok());
  server_->Shutdown(absl::Seconds(5));
  server_->Shutdown(absl::Seconds(5));
  EXPECT_TRUE(absl::IsUnavailable(Call(channel).status()));
}

}  // namespace
}  // namespace waystation::rpc
