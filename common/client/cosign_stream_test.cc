#include "common/client/cosign_stream.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/client/fake_log.h"
#include "common/client/file_cosigner.h"
#include "common/clock/clock.h"
#include "common/config/file.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

using audit::v1::CosignAnswer;
using audit::v1::CosignOpen;

constexpr char kName[] = "waystation.example/cosigner/doj";

class CosignStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/cosign.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    client_ = MakeClient();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<BusClient> MakeClient() {
    BusClient::Options options;
    options.target = log_.address();
    options.trust = tls_.Trust(clock_);
    options.broker_identity = broker_;
    auto credentials =
        rpc::MakeChannelCredentials(tls_.Issue({evidence::TestBus::Identity("/agency/doj")}).files,
                                    options.trust, clock_, broker_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    options.credentials = *credentials;
    return std::make_shared<BusClient>(std::move(options), clock_);
  }

  std::string Path() const { return folder_ + "/doj.db.cosigned"; }

  // What a process of the agency starts with: the same key and the same file.
  std::unique_ptr<CosignStream> MakeStream(CosignStream::Options options) {
    return MakeStream(std::move(options), log_.key());
  }
  std::unique_ptr<CosignStream> MakeStream(CosignStream::Options options,
                                           const tlog::VerifierKey& log_key) {
    return std::make_unique<CosignStream>(
        client_,
        CosignerKey{
            name_, *crypto::Ed25519Key::FromPem(key_pem_),
            *tlog::Policy::Parse(absl::StrCat("log ", log_key.ToString(), "\nquorum none\n"))},
        std::make_unique<FileCosigner>(Path(), log_key.name()), std::move(options));
  }
  static CosignStream::Options Quick() {
    CosignStream::Options options;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(10);
    return options;
  }
  static CosignStream::Options Slow() {
    CosignStream::Options options;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Hours(1);
    return options;
  }

  std::string Kept() const { return config::ReadFile(Path(), tlog::kNoteBytesMax).value_or(""); }
  void AwaitStreams(size_t count) {
    log_.AwaitOpened([count](const auto& opened) { return opened.size() >= count; });
  }
  // Stops it; returns how long that took.
  absl::Duration Stop(CosignStream& stream) {
    SystemClock clock;
    const absl::Duration before = clock.Monotonic();
    stream.Stop();
    return clock.Monotonic() - before;
  }

  FakeClock clock_{evidence::TestBus::Now()};
  rpc::TestTls tls_{evidence::TestBus::Now()};
  const std::string broker_ = evidence::TestBus::Identity("/broker/1");
  FakeLog log_{tls_, clock_, broker_};
  std::string key_pem_ = *crypto::Ed25519Key::Generate()->ToPem();
  tlog::VerifierKey name_ = *tlog::VerifierKey::Create(
      kName, tlog::KeyType::kCosignature, crypto::Ed25519Key::FromPem(key_pem_)->public_key());
  std::string folder_;
  std::shared_ptr<BusClient> client_;
};

TEST_F(CosignStreamTest, CosignsOneCheckpointAfterAnotherAndKeepsEachBeforeItAnswers) {
  auto stream = MakeStream(Quick());
  uint64_t old_size = 0;
  for (uint64_t size : {1, 3, 3, 300}) {
    const std::string body = log_.Body(old_size, size);
    const CosignAnswer answer = log_.Ask(body);
    ASSERT_EQ(answer.code(), 200u) << answer.body();
    EXPECT_TRUE(absl::StrContains(Kept(), answer.body()));
    auto request = *tlog::AddCheckpoint::FromBody(body);
    auto lines = *tlog::ParseSignatureLines(answer.body());
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(name_.Verify(tlog::Note::Parse(request.checkpoint)->text, lines[0]));
    old_size = size;
  }
  ASSERT_EQ(log_.opened().size(), 1u);
  EXPECT_EQ(log_.opened()[0].verifier_key(), name_.ToString());
  EXPECT_EQ(log_.opened()[0].size(), 0u);
}

TEST_F(CosignStreamTest, NextProcessGoesOnWhereTheLastOneKept) {
  auto first = MakeStream(Quick());
  ASSERT_EQ(log_.Ask(log_.Body(0, 5)).code(), 200u);
  first.reset();
  auto second = MakeStream(Quick());
  // A smaller tree: what the broker would show after a roll-back of its own.
  for (uint64_t old_size : {0, 3}) {
    const CosignAnswer answer = log_.Ask(log_.Body(old_size, 4));
    EXPECT_EQ(answer.code(), 409u) << answer.body();
    EXPECT_EQ(answer.body(), "5\n");
  }
  EXPECT_EQ(log_.opened().back().size(), 5u);
  EXPECT_EQ(log_.Ask(log_.Body(5, 6)).code(), 200u);
}

TEST_F(CosignStreamTest, TellsOfTwoHistoriesAndCosignsNeither) {
  std::vector<tlog::Cosigner::Conflict> conflicts;
  CosignStream::Options options = Quick();
  options.on_conflict = [&](const auto& conflict) { conflicts.push_back(conflict); };
  auto stream = MakeStream(options);
  ASSERT_EQ(log_.Ask(log_.Body(0, 5)).code(), 200u);
  const std::string kept = Kept();
  for (uint64_t size : {5, 8}) {
    EXPECT_EQ(log_.Ask(log_.Body(5, size, "other ")).code(), 422u);
  }
  EXPECT_EQ(log_.Ask(log_.Body(4, 4, "other ")).code(), 409u);
  EXPECT_EQ(Kept(), kept);
  // It goes on with the history that it knows.
  EXPECT_EQ(log_.Ask(log_.Body(5, 6)).code(), 200u);
  stream->Stop();
  ASSERT_EQ(conflicts.size(), 2u);
  EXPECT_EQ(conflicts[0].kept, kept);
  EXPECT_EQ(conflicts[0].other,
            tlog::AddCheckpoint::FromBody(log_.Body(5, 5, "other "))->checkpoint);
}

TEST_F(CosignStreamTest, RefusesAnotherKeyAndAnotherLog) {
  auto stream = MakeStream(Quick());
  const auto key = *crypto::Ed25519Key::Generate();
  auto forged =
      *tlog::VerifierKey::Create(log_.key().name(), tlog::KeyType::kEd25519, key.public_key());
  EXPECT_EQ(log_.Ask(log_.Body(0, 3, "", forged, key)).code(), 403u);
  auto foreign =
      *tlog::VerifierKey::Create("example.org/log", tlog::KeyType::kEd25519, key.public_key());
  EXPECT_EQ(log_.Ask(log_.Body(0, 3, "", foreign, key)).code(), 404u);
  EXPECT_EQ(log_.Ask("no body of add-checkpoint").code(), 400u);
  EXPECT_EQ(Kept(), "");
  EXPECT_EQ(log_.Ask(log_.Body(0, 3)).code(), 200u);
}

TEST_F(CosignStreamTest, SaysNothingThatItCannotKeepOrCompare) {
  ASSERT_TRUE(std::filesystem::create_directory(Path()));
  auto stream = MakeStream(Quick());
  EXPECT_EQ(log_.Ask(log_.Body(0, 3)).code(), 500u);
  ASSERT_TRUE(std::filesystem::remove(Path()));
  // What it cannot read any more may be what it signed.
  std::ofstream(Path()) << "damaged";
  EXPECT_EQ(log_.Ask(log_.Body(0, 3)).code(), 500u);
  ASSERT_TRUE(std::filesystem::remove(Path()));
  EXPECT_EQ(log_.Ask(log_.Body(0, 3)).code(), 200u);
}

TEST_F(CosignStreamTest, ALogInTheFormersPlaceBeginsAtZeroAndTheFormerIsKept) {
  const auto key = *crypto::Ed25519Key::Generate();
  auto former =
      *tlog::VerifierKey::Create("example.org/log", tlog::KeyType::kEd25519, key.public_key());
  const std::string body = log_.Body(0, 3, "", former, key);
  const std::string note = tlog::AddCheckpoint::FromBody(body)->checkpoint;
  ASSERT_TRUE(FileCosigner(Path(), former.name()).Keep(note).ok());
  {
    auto stream = MakeStream(Quick());
    ASSERT_EQ(log_.Ask(log_.Body(0, 3)).code(), 200u);
  }
  EXPECT_EQ(*FileCosigner(Path(), former.name()).Latest(), note);
  const auto ours = *FileCosigner(Path(), log_.key().name()).Latest();
  ASSERT_TRUE(ours.has_value());
  // There and back: neither is forgotten.
  ASSERT_TRUE(FileCosigner(Path(), former.name()).Keep(note).ok());
  EXPECT_EQ(*FileCosigner(Path(), log_.key().name()).Latest(), ours);
  EXPECT_EQ(*FileCosigner(Path(), former.name()).Latest(), note);
}

TEST_F(CosignStreamTest, OpensAnotherStreamWhenOneEnds) {
  auto stream = MakeStream(Quick());
  ASSERT_EQ(log_.Ask(log_.Body(0, 3)).code(), 200u);
  log_.EndStreams(grpc::Status(grpc::StatusCode::UNAVAILABLE, "ended"));
  AwaitStreams(3);
  log_.EndStreams(grpc::Status::OK);
  EXPECT_EQ(log_.Ask(log_.Body(3, 4)).code(), 200u);
  EXPECT_EQ(log_.opened().back().size(), 3u);
}

TEST_F(CosignStreamTest, SurvivesARestartOfTheBroker) {
  auto stream = MakeStream(Quick());
  ASSERT_EQ(log_.Ask(log_.Body(0, 3)).code(), 200u);
  log_.Stop();
  log_.Start();
  EXPECT_EQ(log_.Ask(log_.Body(3, 4)).code(), 200u);
}

class RefusedCosignStreamTest : public CosignStreamTest,
                                public testing::WithParamInterface<grpc::StatusCode> {};

TEST_P(RefusedCosignStreamTest, AsksNoMoreUntilTheLongestWait) {
  log_.Refuse(name_, grpc::Status(GetParam(), "not you"));
  auto refused = MakeStream(Slow());
  AwaitStreams(1);
  // Another one comes back again and again; that is time enough for this one.
  log_.EndStreams(grpc::Status(grpc::StatusCode::UNAVAILABLE, "ended"));
  const tlog::VerifierKey refused_name =
      std::exchange(name_, *tlog::VerifierKey::Create("waystation.example/cosigner/ins",
                                                      tlog::KeyType::kCosignature, name_.key()));
  auto other = MakeStream(Quick());
  AwaitStreams(20);
  const std::vector<CosignOpen> opened = log_.opened();
  EXPECT_EQ(std::count_if(opened.begin(), opened.end(),
                          [&](const CosignOpen& open) {
                            return open.verifier_key() == refused_name.ToString();
                          }),
            1);
  EXPECT_LT(Stop(*refused), absl::Seconds(1));
}

INSTANTIATE_TEST_SUITE_P(EachRefusal, RefusedCosignStreamTest,
                         testing::Values(grpc::StatusCode::PERMISSION_DENIED,
                                         grpc::StatusCode::UNIMPLEMENTED,
                                         grpc::StatusCode::INVALID_ARGUMENT,
                                         grpc::StatusCode::UNAUTHENTICATED));

TEST_F(CosignStreamTest, StopsAtOnceOnAnOpenStream) {
  auto stream = MakeStream(Slow());
  AwaitStreams(1);
  EXPECT_LT(Stop(*stream), absl::Seconds(1));
  stream->Stop();
}

TEST_F(CosignStreamTest, StopsAtOnceWhileItWaitsForAConnection) {
  log_.Stop();
  auto stream = MakeStream(Slow());
  EXPECT_LT(Stop(*stream), absl::Seconds(1));
}

}  // namespace
}  // namespace waystation::client
