#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/client/checkpoint_watch.h"
#include "common/client/cosign_stream.h"
#include "common/client/file_cosigner.h"
#include "common/config/file.h"
#include "common/crypto/certificate.h"
#include "common/evidence/log_leaf.h"
#include "common/merkle/tree.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "common/tlog/tile.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/strangers.h"
#include "tests/harness/test_bus.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

// The audit log of a real broker, as cosigners, auditors and strangers meet it.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;
using audit::v1::LogService;

// Wall clock against monotonic clock, in a second.
constexpr int64_t kClockSlewUs = 10'000;

// One unary call of the log.
template <typename Request, typename Response>
absl::StatusOr<Response> Ask(const std::shared_ptr<grpc::Channel>& channel,
                             grpc::Status (LogService::Stub::*method)(grpc::ClientContext*,
                                                                      const Request&, Response*),
                             const Request& request, bool wait_for_ready = true) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  context.set_wait_for_ready(wait_for_ready);
  Response response;
  auto stub = LogService::NewStub(channel);
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(((*stub).*method)(&context, request, &response)));
  return response;
}

class AuditLogTest : public testing::Test {
 protected:
  explicit AuditLogTest(TestBus::Options options = {})
      : bus_(std::move(options)), doj_(bus_, kDoj), ins_(bus_, kIns) {
    bus_.Start();
    policy_ = std::make_unique<tlog::Policy>(
        Must(tlog::Policy::Parse(
                 Must(config::ReadFile(bus_.layout().AuditLogPolicyPath(), 65'536), "policy")),
             "policy"));
  }

  void PublishSome(int count) {
    auto channel = bus_.Channel(kDoj);
    for (int i = 0; i < count; ++i) {
      Require(Publish(channel, doj_.Sign(doj_.Report(kIns), "a report")).status(), "publish");
    }
  }

  absl::StatusOr<std::string> Tile(std::string_view path, const tlog::TileId& id) {
    return Tile(path, id.ToPath());
  }
  absl::StatusOr<std::string> Tile(std::string_view path, const std::string& tile) {
    return Tile(bus_.Channel(path), tile);
  }
  static absl::StatusOr<std::string> Tile(const std::shared_ptr<grpc::Channel>& channel,
                                          const std::string& tile, bool wait_for_ready = true) {
    audit::v1::GetTileRequest request;
    request.set_path(tile);
    WS_ASSIGN_OR_RETURN(audit::v1::GetTileResponse response,
                        Ask(channel, &LogService::Stub::GetTile, request, wait_for_ready));
    return response.data();
  }
  static absl::StatusOr<std::string> Newest(const std::shared_ptr<grpc::Channel>& channel,
                                            bool wait_for_ready = true) {
    WS_ASSIGN_OR_RETURN(audit::v1::GetCheckpointResponse response,
                        Ask(channel, &LogService::Stub::GetCheckpoint,
                            audit::v1::GetCheckpointRequest(), wait_for_ready));
    return response.checkpoint();
  }

  // The newest signed checkpoint of at least `size` leaves.
  tlog::Checkpoint Signed(uint64_t size) {
    tlog::Checkpoint newest;
    const bool came = Eventually([&] {
      auto note = Newest(bus_.Channel(kAuditor));
      if (!note.ok()) return false;
      newest = Must(policy_->Open(*note), "checkpoint").checkpoint;
      return newest.size >= size;
    });
    EXPECT_TRUE(came) << newest.size << ", want " << size;
    return newest;
  }

  // Leaves of all records so far.
  std::vector<std::string> Leaves() {
    std::vector<std::string> leaves;
    const std::vector<std::string> records =
        ReadRecordBytes(bus_, 1, LastSequence(bus_.Channel(kOperator)));
    std::string bus_id;
    for (const std::string& bytes : records) {
      journal::v1::Record record;
      EXPECT_TRUE(record.ParseFromString(bytes));
      if (record.has_genesis()) bus_id = record.genesis().bus_id();
      if (record.salt().empty()) continue;
      EXPECT_EQ(record.log_index(), leaves.size());
      leaves.push_back(Must(evidence::LogLeafOf(record, bytes, bus_id), "leaf"));
    }
    return leaves;
  }

  static merkle::Digest RootOf(const std::vector<std::string>& leaves, uint64_t size) {
    std::vector<merkle::Digest> hashes;
    for (uint64_t i = 0; i < size; ++i) hashes.push_back(merkle::LeafHash(leaves[i]));
    return merkle::Tree(hashes).root();
  }

  // The auditor's cosigner, in this process.
  std::unique_ptr<client::CosignStream> Auditor() {
    const std::string pem =
        Must(config::ReadFile(bus_.layout().CosignerKeyPath("auditor"), 65'536), "key");
    auto key = Must(crypto::Ed25519Key::FromPem(pem), "key");
    for (const tlog::PolicyCosigner& one : policy_->cosigners()) {
      if (one.key.key() != key.public_key()) continue;
      return std::make_unique<client::CosignStream>(
          bus_.Client(kAuditor), client::CosignerKey{one.key, std::move(key), *policy_},
          std::make_unique<client::FileCosigner>(bus_.dir() + "/auditor.cosigned",
                                                 policy_->origin()),
          client::CosignStream::Options());
    }
    Fatal("the policy does not name the auditor");
  }

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
  std::unique_ptr<tlog::Policy> policy_;
};

TEST_F(AuditLogTest, EveryRecordIsALeafOfTheSignedTree) {
  PublishSome(300);
  const tlog::Checkpoint checkpoint = Signed(300);
  const std::vector<std::string> leaves = Leaves();
  ASSERT_GE(leaves.size(), checkpoint.size);
  EXPECT_EQ(checkpoint.root, RootOf(leaves, checkpoint.size));
  std::string bundle;
  for (int i = 0; i < 256; ++i) {
    bundle += static_cast<char>(leaves[i].size() >> 8);
    bundle += static_cast<char>(leaves[i].size() & 0xff);
    bundle += leaves[i];
  }
  EXPECT_EQ(Must(Tile(kAuditor, "tile/entries/000"), "bundle"), bundle);
}

// With something new to sign at every moment.
TEST_F(AuditLogTest, UnderLoadItIsSignedOnceASecondAtMost) {
  constexpr size_t kCheckpoints = 5;
  constexpr int kBetween = 10;
  std::vector<journal::v1::Record> records;
  auto checkpoints = [&] {
    return std::count_if(records.begin(), records.end(),
                         [](const auto& record) { return record.has_checkpoint_signed(); });
  };
  ASSERT_TRUE(Eventually(
      [&] {
        PublishSome(100);
        records = ReadRecords(bus_, 1, LastSequence(bus_.Channel(kOperator)));
        return checkpoints() >= static_cast<ptrdiff_t>(kCheckpoints);
      },
      absl::Seconds(60)))
      << checkpoints();
  const journal::v1::Record* before = nullptr;
  for (const journal::v1::Record& record : records) {
    if (!record.has_checkpoint_signed()) continue;
    if (before != nullptr) {
      EXPECT_GE(record.time_us() - before->time_us(), 1'000'000 - kClockSlewUs)
          << "records " << before->sequence() << " and " << record.sequence();
      EXPECT_GT(record.sequence() - before->sequence(), uint64_t{kBetween}) << "no load";
    }
    before = &record;
  }
}

TEST_F(AuditLogTest, QuorumCosignsAndEveryReceiverIsToldIt) {
  Puller puller(bus_.Channel(kIns), ins_);
  bus_.StartAgency("doj");
  PublishSome(1);
  // Two of two agencies and the auditor.
  auto auditor = Auditor();
  EXPECT_FALSE(puller.NextCheckpoint(absl::Milliseconds(1500)).has_value());
  bus_.StartAgency("ins");
  std::optional<std::string> note = puller.NextCheckpoint();
  ASSERT_TRUE(note.has_value());
  auto cosigned = policy_->OpenCosigned(*note);
  ASSERT_TRUE(cosigned.ok()) << cosigned.status();
  EXPECT_EQ(policy_->CosignersOf(cosigned->note).size(), 3u);
  // Who comes later is told at once.
  Puller later(bus_.Channel(kIns), ins_);
  EXPECT_TRUE(later.NextCheckpoint().has_value());
}

TEST_F(AuditLogTest, LeavesAreForAuditorsAndTilesForCosigners) {
  PublishSome(1);
  const tlog::Checkpoint checkpoint = Signed(3);
  const tlog::TileId entries{.level = tlog::TileId::kEntries, .index = 0, .width = 2};
  const tlog::TileId hashes{.level = 0, .index = 0, .width = 2};
  EXPECT_TRUE(Tile(kAuditor, entries).ok());
  EXPECT_TRUE(Tile(kAuditor, hashes).ok());
  EXPECT_TRUE(Tile(kDoj, hashes).ok());
  for (const auto& [path, id] :
       {std::pair(kDoj, entries), std::pair(kOperator, entries), std::pair(kOperator, hashes)}) {
    EXPECT_EQ(ReasonOf(Tile(path, id).status()), "POLICY_DENIED") << path << id.ToPath();
  }
  for (const char* bad : {"", "tile", "tile/0/../../position", "tile/0/1", "tile/entries/000.p/0",
                          "position", "tile/64/000"}) {
    EXPECT_EQ(ReasonOf(Tile(kAuditor, std::string(bad)).status()), "TILE_PATH") << bad;
  }
  for (const char* beyond : {"tile/0/001", "tile/1/000", "tile/0/x999/x999/x999/x999/x999/000"}) {
    EXPECT_EQ(ReasonOf(Tile(kAuditor, std::string(beyond)).status()), "UNKNOWN_TILE") << beyond;
  }
  EXPECT_GT(checkpoint.size, 0u);
}

constexpr std::string_view kStaff = "/agency/doj/staff/agent-1101";
constexpr std::string_view kSecretariat = "/secretariat";

// A bus on which an officer and the secretariat are enrolled too.
class LogReadersTest : public AuditLogTest {
 protected:
  LogReadersTest()
      : AuditLogTest({.adjust_genesis = Enrol, .broker_prefix = {}}), strangers_(bus_) {
    PublishSome(1);
    Signed(3);
  }

  static void Enrol(cli::DevLayout&, journal::v1::Genesis* genesis) {
    for (std::string_view path : {kStaff, kSecretariat}) {
      genesis->mutable_directory()->add_identities()->set_identity(cli::DevIdentity(path));
    }
  }
  std::shared_ptr<grpc::Channel> With(std::string_view path) {
    return bus_.Channel(strangers_.Issue({cli::DevIdentity(path)}));
  }
  // Asks for each of the three: "" what was given, else why not.
  std::vector<std::string> Refusals(const std::shared_ptr<grpc::Channel>& channel) {
    return {ReasonOf(Newest(channel).status()), ReasonOf(Tile(channel, kHashes).status()),
            ReasonOf(Tile(channel, kEntries).status())};
  }

  static constexpr char kHashes[] = "tile/0/000.p/2";
  static constexpr char kEntries[] = "tile/entries/000.p/2";
  Strangers strangers_;
};

TEST_F(LogReadersTest, EachIdentityReadsWhatItsRoleMayAndNoMore) {
  const std::string yes;
  const std::string denied = "POLICY_DENIED";
  const std::string unknown = "IDENTITY_UNKNOWN";
  struct Row {
    std::string_view who;
    std::vector<std::string> refusals;  // Checkpoint, hash tile, entry bundle.
  };
  const Row kRows[] = {{kAuditor, {yes, yes, yes}},
                       {kDoj, {yes, yes, denied}},
                       {kIns, {yes, yes, denied}},
                       {kOperator, {yes, denied, denied}},
                       {kSecretariat, {yes, denied, denied}},
                       {kStaff, {denied, denied, denied}},
                       {"/policy-admin/doj", {denied, denied, denied}},
                       {"/agency/ins/staff/nobody", {unknown, unknown, unknown}},
                       {"/agency/dot", {unknown, unknown, unknown}},
                       {"/auditor/2", {unknown, unknown, unknown}}};
  for (const Row& row : kRows) EXPECT_EQ(Refusals(With(row.who)), row.refusals) << row.who;
}

TEST_F(LogReadersTest, ARevokedCertificateReadsNothingOnAnOldConnectionNorOnANewOne) {
  const auto old = bus_.Channel(kIns);
  ASSERT_EQ(Refusals(old), (std::vector<std::string>{"", "", "POLICY_DENIED"}));
  const std::string pem =
      Must(config::ReadFile(bus_.Files(kIns).certificate_path, 65'536), "certificate");
  const std::string serial = Must(crypto::Certificate::FromPem(pem), "certificate").serial();
  auto operator_channel = bus_.Channel(kOperator);
  const uint64_t before = Must(GetStatus(operator_channel), "status").crl_number();
  Require(bus_.layout().pki().Revoke(serial, bus_.clock().Now()), "revoke");
  ASSERT_TRUE(Eventually(
      [&] { return Must(GetStatus(operator_channel), "status").crl_number() > before; }));
  const std::string revoked = "CERTIFICATE_REVOKED";
  EXPECT_EQ(Refusals(old), (std::vector<std::string>{revoked, revoked, revoked}));
  const auto anew = bus_.Channel(kIns);
  EXPECT_TRUE(absl::IsUnavailable(Newest(anew, false).status()));
  EXPECT_TRUE(absl::IsUnavailable(Tile(anew, kHashes, false).status()));
  EXPECT_TRUE(absl::IsUnavailable(Tile(anew, kEntries, false).status()));
  EXPECT_EQ(Refusals(bus_.Channel(kDoj)), (std::vector<std::string>{"", "", "POLICY_DENIED"}))
      << "others read on";
}

TEST_F(AuditLogTest, KillsNeverForkTheLog) {
  std::mt19937_64 random(TestSeed());
  std::vector<tlog::Checkpoint> seen;
  for (int round = 0; round < 8; ++round) {
    PublishSome(static_cast<int>(1 + random() % 90));
    if (random() % 2 == 0) seen.push_back(Signed(1));
    bus_.Kill();
    if (round == 3) fs::remove_all(bus_.dir() + "/broker/audit-log");
    bus_.Start();
    seen.push_back(Signed(seen.empty() ? 1 : seen.back().size + 1));
  }
  const std::vector<std::string> leaves = Leaves();
  for (const tlog::Checkpoint& checkpoint : seen) {
    EXPECT_EQ(checkpoint.root, RootOf(leaves, checkpoint.size)) << checkpoint.size;
    absl::Status extends = client::CheckExtends(
        checkpoint, seen.back(), [&](const tlog::TileId& id) { return Tile(kDoj, id); });
    EXPECT_TRUE(extends.ok()) << extends;
  }
}

// Nothing is signed, and so nothing written, while nothing happens.
TEST_F(AuditLogTest, IdleBusIsSilent) {
  PublishSome(1);
  auto channel = bus_.Channel(kOperator);
  ASSERT_TRUE(Eventually([&] {
    const uint64_t last = LastSequence(channel);
    return ReadRecords(bus_, last, last)[0].has_checkpoint_signed();
  }));
  const uint64_t last = LastSequence(channel);
  EXPECT_FALSE(Eventually([&] { return LastSequence(channel) != last; }, absl::Milliseconds(2500)));
}

TEST_F(AuditLogTest, JournalFromAnOlderBackupIsRefused) {
  PublishSome(3);
  bus_.Stop();
  const fs::path backup = bus_.dir() + "/backup";
  fs::copy(bus_.journal_dir(), backup, fs::copy_options::recursive);
  bus_.Start();
  PublishSome(3);
  Signed(8);
  bus_.Stop();
  fs::remove_all(bus_.journal_dir());
  fs::copy(backup, bus_.journal_dir(), fs::copy_options::recursive);
  absl::Status ended = bus_.StartAndFail();
  EXPECT_NE(ended.message().find("exit status 1"), absl::string_view::npos) << ended;
  const std::string log = Must(config::ReadFile(bus_.broker_log(), 1 << 20), "log");
  EXPECT_NE(log.find("the journal is older than what was signed"), std::string::npos) << log;
}

TEST_F(AuditLogTest, StrangerCosignsNothing) {
  grpc::ClientContext context;
  auto stub = LogService::NewStub(bus_.Channel(kOperator));
  auto stream = stub->Cosign(&context);
  audit::v1::CosignRequest open;
  open.mutable_open()->set_verifier_key(policy_->cosigners()[0].key.ToString());
  stream->Write(open);
  audit::v1::CosignResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(stream->Finish())), "POLICY_DENIED");
}

TEST_F(AuditLogTest, CosignerOutOfTurnEndsItsStreamAlone) {
  struct Case {
    const char* name;
    std::vector<audit::v1::CosignRequest> requests;
    const char* reason;
  };
  audit::v1::CosignRequest open;
  open.mutable_open()->set_verifier_key(policy_->cosigners()[0].key.ToString());
  audit::v1::CosignRequest unknown;
  unknown.mutable_open()->set_verifier_key("nobody");
  audit::v1::CosignRequest answer;
  answer.mutable_answer()->set_code(200);
  audit::v1::CosignRequest huge;
  huge.mutable_answer()->set_body(std::string(5'000, 'x'));
  const Case cases[] = {{"an answer first", {answer}, "COSIGN_PROTOCOL"},
                        {"opened twice", {open, open}, "COSIGN_PROTOCOL"},
                        {"nothing said", {open, {}}, "COSIGN_PROTOCOL"},
                        {"too much said", {open, huge}, "COSIGN_PROTOCOL"},
                        {"a key that the policy does not name", {unknown}, "UNKNOWN_COSIGNER"}};
  for (const Case& one : cases) {
    grpc::ClientContext context;
    auto stub = LogService::NewStub(bus_.Channel(kDoj));
    auto stream = stub->Cosign(&context);
    for (const audit::v1::CosignRequest& request : one.requests) stream->Write(request);
    audit::v1::CosignResponse response;
    while (stream->Read(&response)) {
    }
    EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(stream->Finish())), one.reason) << one.name;
  }
  PublishSome(1);
  Signed(3);
}

}  // namespace
}  // namespace waystation::harness
