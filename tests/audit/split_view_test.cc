#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/sha256.h"
#include "common/journal/segment_scan.h"
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
#include "waystation/journal/v1/record.pb.h"

// A broker whose operator shows one history to some and another to others, and what
// becomes of it.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;
using audit::v1::AuditService;
using audit::v1::Finding;
using audit::v1::LogService;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(30);
// How long two histories may stay unfound once one is shown to who has the other: a
// period of checkpoints, which is also that of the auditor's looks. The margin is for a
// machine that runs other tests meanwhile, and for the connection to be made again.
constexpr absl::Duration kCheckpointPeriod = absl::Seconds(1);
constexpr absl::Duration kMargin = absl::Seconds(9);
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
  // The finding, in time after the other history was shown.
  Finding AwaitSplit() {
    std::vector<Finding> splits;
    const absl::Duration shown = bus_.clock().Monotonic();
    EXPECT_TRUE(Eventually(
        [&] {
          splits = Splits();
          return !splits.empty();
        },
        kCheckpointPeriod + kMargin));
    RecordProperty("found_after_ms",
                   absl::StrCat(absl::ToInt64Milliseconds(bus_.clock().Monotonic() - shown)));
    return splits.empty() ? Finding() : splits[0];
  }

  // The newest checkpoint that the broker shows, cosigned or not.
  tlog::Checkpoint Newest() {
    audit::v1::GetCheckpointResponse response;
    auto stub = LogService::NewStub(bus_.Channel(kAuditor));
    Require(
        Ask(*stub, &LogService::Stub::GetCheckpoint, audit::v1::GetCheckpointRequest(), &response),
        "checkpoint");
    return Of(response.checkpoint());
  }
  // The auditor has verified the record as far as the checkpoint goes.
  void AwaitVerified(const tlog::Checkpoint& checkpoint) {
    EXPECT_TRUE(Eventually(
        [&] {
          audit::v1::GetAuditStatusResponse response;
          return Ask(*Audit(kAuditor), &AuditService::Stub::GetAuditStatus,
                     audit::v1::GetAuditStatusRequest(), &response)
                     .ok() &&
                 response.verified_size() >= checkpoint.size;
        },
        kPatience));
  }

  // Roots of the checkpoints in a journal, as text.
  static std::set<std::string> RootsIn(const std::string& journal_dir) {
    std::set<std::string> roots;
    auto take = [&](const journal::Block& block) {
      for (std::string_view bytes : block.records) {
        journal::v1::Record record;
        WS_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
        if (!record.has_checkpoint_signed()) continue;
        roots.insert(crypto::Hex(record.checkpoint_signed().root_hash()));
      }
      return absl::OkStatus();
    };
    Require(journal::ScanDirectory(journal_dir, take).status(), "journal");
    return roots;
  }
  // Whether the finding names a root of each history that the other does not have.
  static void ExpectNamesBoth(const Finding& finding, const std::set<std::string>& one,
                              const std::set<std::string>& other) {
    auto names = [&](const std::set<std::string>& own, const std::set<std::string>& others) {
      return std::any_of(own.begin(), own.end(), [&](const std::string& root) {
        return !others.contains(root) && finding.detail().find(root) != std::string::npos;
      });
    };
    EXPECT_TRUE(names(one, other)) << finding.detail();
    EXPECT_TRUE(names(other, one)) << finding.detail();
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
    auto key = Must(crypto::Ed25519Key::FromPem(Read(bus_.layout().AuditLogKeyPath())), "key");
    tlog::Note note{.text = checkpoint.ToText(), .signatures = {}};
    note.signatures.push_back(
        Must(tlog::SignNote(policy_->log_keys()[0], key, note.text), "signature"));
    return note.ToBytes();
  }

  static std::string Read(const std::string& path) {
    return Must(config::ReadFile(path, kFileBytesMax), path);
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
  AwaitVerified(Of(Cosigned(20)));
  bus_.Kill();
  const std::set<std::string> hidden_roots = RootsIn(bus_.journal_dir());
  fs::remove_all(bus_.journal_dir());
  fs::copy(backup, bus_.journal_dir(), fs::copy_options::recursive);
  for (const char* hidden : {"/broker/projection", "/broker/audit-log"}) {
    fs::remove_all(bus_.dir() + hidden);
  }
  fs::remove(bus_.layout().AuditLogKeyPath() + ".last");
  bus_.Start();
  EXPECT_TRUE(Eventually([&] { return !hidden_roots.contains(Hex(Newest().root)); }, kPatience));
  const Finding split = AwaitSplit();
  EXPECT_EQ(split.severity(), audit::v1::SEVERITY_CRITICAL);
  ExpectNamesBoth(split, hidden_roots, RootsIn(bus_.journal_dir()));
  // The agencies find it as soon as the tree is larger than the one that they cosigned,
  // and whoever says it last names both.
  PublishSome(60);
  EXPECT_TRUE(Eventually([&] { return fs::exists(bus_.dir() + "/doj/store.db.conflict.reported"); },
                         kPatience));
  ExpectNamesBoth(AwaitSplit(), hidden_roots, RootsIn(bus_.journal_dir()));
}

// Two brokers with one key, each with a history that goes on: nobody can tell who hears
// only one of them, and the first who hears both does.
TEST_F(SplitViewTest, TwoBrokersOfOneLogAreFoundByTheAgencyThatHearsBoth) {
  PublishSome(3);
  Cosigned(3);
  bus_.KillAgency("ins");
  bus_.Stop();
  const tlog::Checkpoint common = Of(Read(bus_.dir() + "/broker/audit-log/checkpoint"));
  const std::string twin = bus_.StartTwin();
  bus_.Start();
  bus_.StartAgency("ins", twin);
  const std::string kept = bus_.dir() + "/ins/store.db.cosigned";
  EXPECT_TRUE(Eventually([&] { return Of(Read(kept)).size > common.size; }, kPatience));
  bus_.KillAgency("ins");
  const tlog::Checkpoint of_twin = Of(Read(kept));
  PublishSome(20);
  EXPECT_TRUE(Eventually([&] { return Newest().size > of_twin.size; }, kPatience));
  AwaitVerified(Newest());
  EXPECT_THAT(Splits(), IsEmpty());
  bus_.StartAgency("ins");
  const Finding split = AwaitSplit();
  EXPECT_THAT(split.detail(), HasSubstr("/agency/ins"));
  ExpectNamesBoth(split, RootsIn(bus_.twin_dir() + "/journal"), RootsIn(bus_.journal_dir()));
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
