#include "common/client/conflict_reporter.h"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/clock/clock.h"
#include "common/config/file.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

namespace fs = std::filesystem;
using audit::v1::ReportConflictRequest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr size_t kFileBytesMax = 1024;

// An auditor that takes reports, behind real mutual TLS.
//
// Thread-safe.
class FakeAuditor : public audit::v1::AuditService::Service {
 public:
  // (kept, other) of each call.
  using Calls = std::vector<std::pair<std::string, std::string>>;

  FakeAuditor(rpc::TestTls& tls, const Clock& clock, const std::string& identity)
      : clock_(clock), tls_(tls), files_(tls.Issue({identity}).files) {
    Start();
  }
  ~FakeAuditor() override { Stop(); }

  const std::string& address() const { return address_; }
  // Nobody listens; the same port answers again after Start.
  void Stop() { server_.reset(); }
  void Start() {
    auto credentials = rpc::MakeServerCredentials(files_, tls_.Trust(clock_), clock_, nullptr);
    if (!credentials.ok()) Fatal(credentials.status().ToString());
    rpc::ServerOptions options;
    options.port = port_;
    options.credentials = *credentials;
    auto server = rpc::Server::Start(options, {this});
    if (!server.ok()) Fatal(server.status().ToString());
    server_ = *std::move(server);
    port_ = server_->port();
    address_ = server_->address();
  }

  // Answers one of the next calls, in order; OK answers those after.
  void AnswerOnce(grpc::StatusCode code) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_.emplace_back(code, "as the test wants");
  }
  // The test's time limit ends it when there are fewer.
  Calls Await(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_.size() >= count; });
    return calls_;
  }

  grpc::Status ReportConflict(grpc::ServerContext*, const ReportConflictRequest* request,
                              audit::v1::ReportConflictResponse*) override {
    std::lock_guard<std::mutex> lock(mutex_);
    calls_.emplace_back(request->kept(), request->other());
    changed_.notify_all();
    if (answers_.empty()) return grpc::Status::OK;
    const grpc::Status answer = answers_.front();
    answers_.pop_front();
    return answer;
  }

 private:
  const Clock& clock_;
  rpc::TestTls& tls_;
  const rpc::TlsFiles files_;
  std::unique_ptr<rpc::Server> server_;
  std::string address_;
  int port_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  Calls calls_ ABSL_GUARDED_BY(mutex_);
  std::deque<grpc::Status> answers_ ABSL_GUARDED_BY(mutex_);
};

class ConflictReporterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/conflict.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // What a process of the agency starts with.
  std::unique_ptr<ConflictReporter> MakeReporter() {
    auto credentials = rpc::MakeChannelCredentials(doj_, tls_.Trust(clock_), clock_, identity_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return MakeReporter(rpc::MakeChannel(auditor_.address(), *credentials));
  }
  std::unique_ptr<ConflictReporter> MakeReporter(std::shared_ptr<grpc::Channel> channel) {
    ConflictReporter::Options options;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(10);
    return std::make_unique<ConflictReporter>(std::move(channel), Path(), options);
  }

  std::string Path() const { return folder_ + "/doj.db.conflict"; }
  std::string ReportedPath() const { return Path() + ".reported"; }
  // Kept and other of the proof in a file; nothing when there is no file.
  static FakeAuditor::Calls ProofIn(const std::string& path) {
    auto bytes = config::ReadFile(path, kFileBytesMax);
    if (absl::IsNotFound(bytes.status())) return {};
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    ReportConflictRequest proof;
    EXPECT_TRUE(proof.ParseFromString(*bytes));
    return {{proof.kept(), proof.other()}};
  }

  FakeClock clock_{evidence::TestBus::Now()};
  rpc::TestTls tls_{evidence::TestBus::Now()};
  const rpc::TlsFiles doj_ = tls_.Issue({evidence::TestBus::Identity("/agency/doj")}).files;
  const std::string identity_ = evidence::TestBus::Identity("/auditor");
  FakeAuditor auditor_{tls_, clock_, identity_};
  std::string folder_;
};

TEST_F(ConflictReporterTest, AProofIsOnDiskUntilTheAuditorHasIt) {
  auditor_.Stop();
  auto reporter = MakeReporter();
  reporter->Report({"kept", "other"});
  EXPECT_THAT(ProofIn(Path()), ElementsAre(Pair("kept", "other")));
  EXPECT_FALSE(fs::exists(ReportedPath()));
  auditor_.Start();
  EXPECT_THAT(auditor_.Await(1), ElementsAre(Pair("kept", "other")));
  reporter->Stop();
  EXPECT_FALSE(fs::exists(Path()));
  EXPECT_THAT(ProofIn(ReportedPath()), ElementsAre(Pair("kept", "other"))) << "it is evidence";
}

TEST_F(ConflictReporterTest, AnAuditorThatDoesNotTakeItIsAskedAgain) {
  const std::vector<grpc::StatusCode> answers = {
      grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::INTERNAL,
      grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::RESOURCE_EXHAUSTED};
  for (grpc::StatusCode code : answers) auditor_.AnswerOnce(code);
  auto reporter = MakeReporter();
  reporter->Report({"kept", "other"});
  const FakeAuditor::Calls calls = auditor_.Await(answers.size() + 1);
  EXPECT_THAT(calls, testing::Each(Pair("kept", "other")));
  reporter->Stop();
  EXPECT_EQ(auditor_.Await(0).size(), answers.size() + 1);
  EXPECT_FALSE(fs::exists(Path()));
}

TEST_F(ConflictReporterTest, TheNextProcessSendsWhatTheLastOneCouldNot) {
  auditor_.Stop();
  MakeReporter()->Report({"kept", "other"});
  EXPECT_THAT(ProofIn(Path()), ElementsAre(Pair("kept", "other")));
  auditor_.Start();
  EXPECT_THAT(auditor_.Await(0), IsEmpty());
  auto next = MakeReporter();
  EXPECT_THAT(auditor_.Await(1), ElementsAre(Pair("kept", "other")));
}

TEST_F(ConflictReporterTest, WhatTheAuditorHasIsNeverSentAgain) {
  auto first = MakeReporter();
  first->Report({"kept", "other"});
  auditor_.Await(1);
  first.reset();
  auto second = MakeReporter();
  second->Report({"kept", "a third"});
  EXPECT_THAT(auditor_.Await(2), ElementsAre(Pair("kept", "other"), Pair("kept", "a third")));
  second->Stop();
  EXPECT_EQ(auditor_.Await(0).size(), 2u);
  EXPECT_THAT(ProofIn(ReportedPath()), ElementsAre(Pair("kept", "other"))) << "both are evidence";
  EXPECT_THAT(ProofIn(ReportedPath() + ".2"), ElementsAre(Pair("kept", "a third")));
}

TEST_F(ConflictReporterTest, OneProofWaitsAndOthersAreDropped) {
  auditor_.Stop();
  auto reporter = MakeReporter();
  reporter->Report({"kept", "other"});
  reporter->Report({"kept", "a third"});
  EXPECT_THAT(ProofIn(Path()), ElementsAre(Pair("kept", "other")));
  auditor_.Start();
  EXPECT_THAT(auditor_.Await(1), ElementsAre(Pair("kept", "other")));
  reporter->Stop();
  EXPECT_EQ(auditor_.Await(0).size(), 1u);
}

TEST_F(ConflictReporterTest, WithoutAnAuditorItIsKeptForOneThatComes) {
  auto alone = MakeReporter(nullptr);
  alone->Report({"kept", "other"});
  alone->Stop();
  EXPECT_THAT(ProofIn(Path()), ElementsAre(Pair("kept", "other")));
  auto reporter = MakeReporter();
  EXPECT_THAT(auditor_.Await(1), ElementsAre(Pair("kept", "other")));
}

// A refusal would be the same next time, and must not keep the next proof back.
TEST_F(ConflictReporterTest, WhatTheAuditorWillNeverTakeIsSetAside) {
  auditor_.AnswerOnce(grpc::StatusCode::INVALID_ARGUMENT);
  auto reporter = MakeReporter();
  reporter->Report({"kept", "no proof"});
  auditor_.Await(1);
  reporter->Stop();
  EXPECT_FALSE(fs::exists(Path()));
  EXPECT_THAT(ProofIn(ReportedPath()), ElementsAre(Pair("kept", "no proof")));
  auto next = MakeReporter();
  next->Report({"kept", "other"});
  EXPECT_THAT(auditor_.Await(2), ElementsAre(Pair("kept", "no proof"), Pair("kept", "other")));
}

}  // namespace
}  // namespace waystation::client
