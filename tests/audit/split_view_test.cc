#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "common/config/file.h"
#include "common/crypto/ed25519.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

// A broker whose operator shows one history to some and another to others, and what
// becomes of it.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;
using audit::v1::AuditService;
using audit::v1::Finding;
using audit::v1::LogService;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr size_t kFileBytesMax = 1 << 20;

template <typename Stub, typename Request, typename Response>
absl::Status Ask(Stub& stub,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request, Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  context.set_wait_for_ready(true);
  return rpc::FromGrpcStatus((stub.*method)(&context, request, response));
}

class SplitViewTest : public testing::Test {
 protected:
  SplitViewTest() : doj_(bus_, kDoj) {
    bus_.Start();
    bus_.StartAudit();
    bus_.StartAgency("doj");
    bus_.StartAgency("ins");
    policy_ = std::make_unique<tlog::Policy>(
        Must(tlog::Policy::Parse(Must(
                 config::ReadFile(bus_.layout().AuditLogPolicyPath(), kFileBytesMax), "policy")),
             "policy"));
  }

  void PublishSome(int count) {
    auto channel = bus_.Channel(kDoj);
    for (int i = 0; i < count; ++i) {
      Require(Publish(channel, doj_.Sign(doj_.Report(kIns), "a report")).status(), "publish");
    }
  }

  // The newest checkpoint that a quorum has cosigned, of at least `size` leaves.
  std::string Cosigned(uint64_t size) {
    std::string note;
    EXPECT_TRUE(Eventually(
        [&] {
          audit::v1::GetCheckpointResponse response;
          auto stub = LogService::NewStub(bus_.Channel(kAuditor));
          if (!Ask(*stub, &LogService::Stub::GetCheckpoint, audit::v1::GetCheckpointRequest(),
                   &response)
                   .ok()) {
            return false;
          }
          note = response.cosigned();
          auto opened = policy_->OpenCosigned(note);
          return opened.ok() && opened->checkpoint.size >= size;
        },
        kPatience));
    return note;
  }
  tlog::Checkpoint Of(const std::string& note) {
    return Must(policy_->Open(note), "checkpoint").checkpoint;
  }

  std::unique_ptr<AuditService::Stub> Audit(std::string_view as) {
    return AuditService::NewStub(bus_.ChannelTo(bus_.Files(as), bus_.audit_address(), kAuditor));
  }
  std::vector<Finding> Splits() {
    audit::v1::ListFindingsRequest request;
    request.set_rule_id("log-split");
    audit::v1::ListFindingsResponse response;
    Require(Ask(*Audit(kAuditor), &AuditService::Stub::ListFindings, request, &response), "list");
    return {response.findings().begin(), response.findings().end()};
  }
  Finding AwaitSplit() {
    std::vector<Finding> splits;
    EXPECT_TRUE(Eventually(
        [&] {
          splits = Splits();
          return !splits.empty();
        },
        kPatience));
    return splits.empty() ? Finding() : splits[0];
  }
  absl::Status ReportAs(std::string_view path, const std::string& kept, const std::string& other) {
    audit::v1::ReportConflictRequest request;
    request.set_kept(kept);
    request.set_other(other);
    audit::v1::ReportConflictResponse response;
    return Ask(*Audit(path), &AuditService::Stub::ReportConflict, request, &response);
  }

  // What the holder of the log's key could sign.
  std::string SignedByTheLog(tlog::Checkpoint checkpoint) {
    auto key = Must(crypto::Ed25519Key::FromPem(Must(
                        config::ReadFile(bus_.layout().AuditLogKeyPath(), kFileBytesMax), "key")),
                    "key");
    tlog::Note note{.text = checkpoint.ToText(), .signatures = {}};
    note.signatures.push_back(
        Must(tlog::SignNote(policy_->log_keys()[0], key, note.text), "signature"));
    return note.ToBytes();
  }

  static std::string Hex(const merkle::Digest& digest) {
    return crypto::Hex(crypto::AsBytes(digest));
  }

  TestBus bus_;
  Drafts doj_;
  std::unique_ptr<tlog::Policy> policy_;
};

// The operator takes an older journal back, hides what was signed, and goes on with
// another history: everybody who cosigned the first one finds out.
TEST_F(SplitViewTest, RolledBackBrokerIsFoundByTheFirstCheckpointThatItShows) {
  PublishSome(3);
  bus_.Stop();
  const fs::path backup = bus_.dir() + "/backup";
  fs::copy(bus_.journal_dir(), backup, fs::copy_options::recursive);
  bus_.Start();
  PublishSome(20);
  const tlog::Checkpoint shown = Of(Cosigned(20));
  bus_.Kill();
  fs::remove_all(bus_.journal_dir());
  fs::copy(backup, bus_.journal_dir(), fs::copy_options::recursive);
  for (const char* hidden : {"/broker/projection", "/broker/audit-log"}) {
    fs::remove_all(bus_.dir() + hidden);
  }
  fs::remove(bus_.layout().AuditLogKeyPath() + ".last");
  bus_.Start();
  PublishSome(60);
  const Finding split = AwaitSplit();
  EXPECT_EQ(split.severity(), audit::v1::SEVERITY_CRITICAL);
  // Both histories are named, whoever saw it first: a size or two, and two roots.
  EXPECT_THAT(split.detail(), ContainsRegex("size [0-9]+.*root.*[0-9a-f]{16}.*[0-9a-f]{16}"))
      << shown.size;
  EXPECT_TRUE(Eventually([&] { return fs::exists(bus_.dir() + "/doj/store.db.conflict.reported"); },
                         kPatience));
}

TEST_F(SplitViewTest, AgencyThatIsShownAnotherHistoryHandsBothIn) {
  PublishSome(3);
  const std::string kept = Cosigned(3);
  tlog::Checkpoint forged = Of(kept);
  forged.root = merkle::LeafHash("another history");
  const std::string other = SignedByTheLog(forged);
  EXPECT_TRUE(ReportAs(kDoj, kept, other).ok());
  const Finding split = AwaitSplit();
  EXPECT_THAT(split.detail(), HasSubstr(Hex(Of(kept).root)));
  EXPECT_THAT(split.detail(), HasSubstr(Hex(forged.root)));
  EXPECT_THAT(split.detail(), HasSubstr("/agency/doj"));
}

TEST_F(SplitViewTest, WhatIsNoProofAccusesNobody) {
  PublishSome(3);
  const std::string kept = Cosigned(3);
  EXPECT_EQ(ReasonOf(ReportAs(kDoj, kept, kept)), "CONFLICT_UNPROVEN");
  EXPECT_EQ(ReasonOf(ReportAs(kDoj, kept, "rubbish")), "CONFLICT_UNPROVEN");
  EXPECT_EQ(ReasonOf(ReportAs(kDoj, "", kept)), "CONFLICT_UNPROVEN");
  std::string altered = kept;
  altered[altered.find('\n') + 1] = '9';
  EXPECT_EQ(ReasonOf(ReportAs(kDoj, kept, altered)), "CONFLICT_UNPROVEN");
  EXPECT_EQ(ReasonOf(ReportAs(kOperator, kept, kept)), "AUDIT_DENIED");
  EXPECT_TRUE(Splits().empty());
}

}  // namespace
}  // namespace waystation::harness
