#include "common/log_follower/log_follower.h"

#include <algorithm>
#include <fstream>
#include <functional>

#include "common/log_follower/former_logs.h"
#include "common/log_follower/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation {
namespace {

using journal::v1::Record;
using ::testing::HasSubstr;

// Genesis, leaves, a checkpoint, and leaves after it.
TestLog SmallLog(int leaves = 5) {
  TestLog log;
  for (int i = 0; i < leaves; ++i) log.AddRefused();
  log.AddCheckpoint();
  log.AddRefused();
  return log;
}

absl::Status FollowAll(LogFollower& follower, const std::vector<std::string>& records) {
  for (const std::string& bytes : records) {
    if (auto taken = follower.Append(bytes); !taken.ok()) return taken.status();
  }
  return absl::OkStatus();
}

absl::Status Judge(const std::vector<std::string>& records) {
  LogFollower follower({TestLog().log_name()});
  return FollowAll(follower, records);
}

// The records with one of them changed, by its place.
std::vector<std::string> Changed(const TestLog& log, size_t place,
                                 const std::function<void(Record&)>& change) {
  std::vector<std::string> records = log.records();
  Record record;
  EXPECT_TRUE(record.ParseFromString(records[place]));
  change(record);
  records[place] = record.SerializeAsString();
  return records;
}

void ExpectLost(const absl::Status& status, std::string_view text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(text)));
}

TEST(LogFollowerTest, TakesEveryRecordAndItsLeaf) {
  const TestLog log = SmallLog();
  LogFollower follower({log.log_name()});
  size_t leaf = 0;
  for (const std::string& bytes : log.records()) {
    auto taken = follower.Append(bytes);
    ASSERT_TRUE(taken.ok()) << taken.status();
    EXPECT_EQ((*taken)->checkpoint.has_value(), (*taken)->record.has_checkpoint_signed());
    if ((*taken)->record.has_checkpoint_signed()) continue;
    EXPECT_EQ((*taken)->leaf, log.leaves()[leaf++]);
  }
  EXPECT_EQ(leaf, log.leaves().size());
  EXPECT_EQ(follower.leaves(), log.leaves().size());
  EXPECT_EQ(follower.signed_tree().size(), log.leaves().size() - 1);
  EXPECT_EQ(follower.bus_id(), log.bus_id());
}

TEST(LogFollowerTest, TakesACheckpointThatIsOlderThanTheLastLeaf) {
  TestLog log;
  log.AddRefused();
  const uint64_t size = log.tree().size();
  const merkle::Digest root = log.tree().Root();
  log.AddRefused();
  log.AddCheckpointOf(size, root, log.log_key());
  log.AddCheckpoint();
  EXPECT_TRUE(Judge(log.records()).ok());
}

TEST(LogFollowerTest, GoesOnFromEveryPlace) {
  const TestLog log = SmallLog(600);
  LogFollower whole({log.log_name()});
  ASSERT_TRUE(FollowAll(whole, log.records()).ok());
  for (size_t cut : {size_t{0}, size_t{1}, size_t{300}, log.records().size() - 1}) {
    LogFollower first({log.log_name()});
    const std::vector<std::string> before(log.records().begin(), log.records().begin() + cut);
    ASSERT_TRUE(FollowAll(first, before).ok());
    auto second = LogFollower::Resume({log.log_name()}, {}, first.place());
    ASSERT_TRUE(second.ok()) << second.status();
    const std::vector<std::string> after(log.records().begin() + cut, log.records().end());
    ASSERT_TRUE(FollowAll(*second, after).ok());
    EXPECT_EQ(second->place(), whole.place());
  }
}

TEST(LogFollowerTest, ResumeRefusesWhatIsNoPlace) {
  const TestLog log = SmallLog();
  LogFollower follower({log.log_name()});
  ASSERT_TRUE(FollowAll(follower, log.records()).ok());
  LogPlace cut = follower.place();
  cut.unsigned_leaves.pop_back();
  ExpectLost(LogFollower::Resume({log.log_name()}, {}, cut).status(), "malformed");
  LogPlace without_edge = follower.place();
  without_edge.edge.clear();
  EXPECT_FALSE(LogFollower::Resume({log.log_name()}, {}, without_edge).ok());
}

TEST(LogFollowerTest, NamesADroppedRecord) {
  std::vector<std::string> records = SmallLog().records();
  records.erase(records.begin() + 3);
  ExpectLost(Judge(records), "record 4: another record stands in its place, got record 5");
}

TEST(LogFollowerTest, NamesADoubledRecord) {
  std::vector<std::string> records = SmallLog().records();
  records.insert(records.begin() + 3, records[3]);
  ExpectLost(Judge(records), "record 5: another record stands in its place, got record 4");
}

TEST(LogFollowerTest, NamesReorderedRecords) {
  std::vector<std::string> records = SmallLog().records();
  std::swap(records[2], records[3]);
  ExpectLost(Judge(records), "record 3");
}

// Whoever drops a record and numbers the others anew has to change their leaves.
TEST(LogFollowerTest, NamesADroppedRecordAlsoWhereTheOthersAreNumberedAnew) {
  const TestLog log = SmallLog();
  std::vector<std::string> records = log.records();
  records.erase(records.begin() + 3);
  for (size_t i = 3; i < records.size(); ++i) {
    Record record;
    ASSERT_TRUE(record.ParseFromString(records[i]));
    record.set_sequence(i + 1);
    if (!record.has_checkpoint_signed()) record.set_log_index(record.log_index() - 1);
    records[i] = record.SerializeAsString();
  }
  ExpectLost(Judge(records), "record 6: checkpoint: size out of range");
}

TEST(LogFollowerTest, NamesTheCheckpointBehindAnAlteredRecord) {
  const TestLog log = SmallLog();
  ExpectLost(Judge(Changed(log, 2, [](Record& r) { r.mutable_refused()->set_count(2); })),
             "record 7: checkpoint: not the root of the 6 leaves before it");
}

TEST(LogFollowerTest, RefusesALeafOutOfPlace) {
  const TestLog log = SmallLog();
  ExpectLost(Judge(Changed(log, 2, [](Record& r) { r.set_log_index(7); })),
             "record 3: its leaf is out of place, got 7, want 2");
}

TEST(LogFollowerTest, RefusesARecordWithoutALeafBehindTheFirst) {
  const TestLog log = SmallLog();
  ExpectLost(Judge(Changed(log, 2,
                           [](Record& r) {
                             r.clear_salt();
                             r.clear_log_index();
                           })),
             "record 3: has no leaf");
}

TEST(LogFollowerTest, TakesRecordsThatAreOlderThanTheLog) {
  const TestLog log = SmallLog();
  std::vector<std::string> records = {log.records()[0], log.records()[1]};
  for (std::string& bytes : records) {
    Record record;
    ASSERT_TRUE(record.ParseFromString(bytes));
    record.clear_salt();
    record.clear_log_index();
    bytes = record.SerializeAsString();
  }
  LogFollower follower({log.log_name()});
  ASSERT_TRUE(FollowAll(follower, records).ok());
  EXPECT_EQ(follower.leaves(), 0u);
}

TEST(LogFollowerTest, RefusesASaltOfTheWrongLength) {
  ExpectLost(Judge(Changed(SmallLog(), 2, [](Record& r) { r.set_salt("short"); })),
             "record 3 salt");
}

TEST(LogFollowerTest, RefusesACheckpointWithASalt) {
  ExpectLost(Judge(Changed(SmallLog(), 6, [](Record& r) { r.set_salt(std::string(16, 's')); })),
             "record 7: a checkpoint with a salt");
}

TEST(LogFollowerTest, RefusesTimeThatGoesBack) {
  ExpectLost(Judge(Changed(SmallLog(), 2, [](Record& r) { r.set_time_us(1); })),
             "record 3: time goes back");
}

TEST(LogFollowerTest, RefusesAJournalThatDoesNotBeginWithItsGenesis) {
  const TestLog log = SmallLog();
  ExpectLost(Judge(Changed(log, 0, [](Record& r) { r.mutable_refused(); })),
             "record 1: not the genesis");
  ExpectLost(Judge(Changed(log, 2, [](Record& r) { r.mutable_genesis(); })),
             "record 3: a second genesis");
  ExpectLost(Judge(Changed(log, 0, [](Record& r) { r.mutable_genesis()->set_bus_id("b"); })),
             "record 1: bus id has the wrong length");
}

TEST(LogFollowerTest, RefusesBytesThatAreNoRecord) {
  std::vector<std::string> records = SmallLog().records();
  records[2] = "\xff\xff";
  ExpectLost(Judge(records), "record 3: does not parse");
}

TEST(LogFollowerTest, LeavesAKindOfALaterReleaseToThatRelease) {
  const absl::Status status = Judge(Changed(SmallLog(), 2, [](Record& r) { r.clear_kind(); }));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST(LogFollowerTest, RefusesACheckpointRolledBack) {
  TestLog log;
  const uint64_t size = log.tree().size();
  const merkle::Digest root = log.tree().Root();
  log.AddRefused();
  log.AddCheckpoint();
  log.AddRefused();
  log.AddCheckpointOf(size, root, log.log_key());
  ExpectLost(Judge(log.records()), "record 5: checkpoint: size out of range, got 1, want 3 to 3");
}

TEST(LogFollowerTest, RefusesACheckpointOfAnotherRoot) {
  TestLog log;
  log.AddCheckpointOf(1, merkle::EmptyRoot(), log.log_key());
  ExpectLost(Judge(log.records()), "record 2: checkpoint: not the root of the 1 leaves before it");
}

TEST(LogFollowerTest, RefusesACheckpointWhoseNoteIsOfAnotherTree) {
  const absl::Status status = Judge(
      Changed(SmallLog(), 6, [](Record& r) { r.mutable_checkpoint_signed()->set_tree_size(3); }));
  ExpectLost(status, "record 7: checkpoint: the note is of another tree");
}

TEST(LogFollowerTest, RefusesACheckpointSignedByTheWrongKey) {
  TestLog log;
  log.AddCheckpointOf(log.tree().size(), log.tree().Root(), TestLogKey('x'));
  const absl::Status status = Judge(log.records());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("record 2"));
}

tlog::VerifierKey FormerName(char byte) {
  return *tlog::VerifierKey::Create("waystation.example/log/0", tlog::KeyType::kEd25519,
                                    TestLogKey(byte).public_key());
}

// The journal came back from an older copy, and our log was begun over it.
TEST(LogFollowerTest, TakesAFormerLogsCheckpointsByItsKey) {
  TestLog log;
  log.AddEpoch("waystation.example/log/0");
  log.AddCheckpointOf(log.tree().size(), log.tree().Root(), TestLogKey('x'), FormerName('x'));
  log.AddEpoch(log.log_name().name());
  log.AddCheckpoint();
  LogFollower follower({log.log_name()}, {FormerName('x')});
  std::vector<bool> ours;
  for (const std::string& bytes : log.records()) {
    auto taken = follower.Append(bytes);
    ASSERT_TRUE(taken.ok()) << taken.status();
    if ((*taken)->record.has_checkpoint_signed()) ours.push_back((*taken)->checkpoint.has_value());
    auto again = LogFollower::Resume({log.log_name()}, {FormerName('x')}, follower.place());
    ASSERT_TRUE(again.ok()) << again.status();
    follower = *std::move(again);
  }
  EXPECT_EQ(ours, std::vector<bool>({false, true}));
  EXPECT_EQ(follower.stage(), LogStage::kOurs);
}

TEST(LogFollowerTest, TakesAFormerLogsCheckpointsBeforeEpochsNamedTheirLog) {
  TestLog log;
  log.AddEpoch("");
  log.AddCheckpointOf(log.tree().size(), log.tree().Root(), TestLogKey('x'), FormerName('x'));
  log.AddEpoch(log.log_name().name());
  log.AddCheckpoint();
  LogFollower follower({log.log_name()}, {FormerName('x')});
  EXPECT_TRUE(FollowAll(follower, log.records()).ok());
}

TEST(LogFollowerTest, RefusesAFormerLogThatNobodyNamed) {
  TestLog log;
  log.AddEpoch("waystation.example/log/0");
  ExpectLost(Judge(log.records()), "record 2: its log is neither ours nor a former one");
}

TEST(LogFollowerTest, RefusesAFormerLogsCheckpointOfAnotherKeyOrRoot) {
  for (const bool key : {false, true}) {
    TestLog log;
    log.AddEpoch("waystation.example/log/0");
    log.AddCheckpointOf(log.tree().size(), key ? log.tree().Root() : merkle::EmptyRoot(),
                        TestLogKey(key ? 'y' : 'x'), FormerName(key ? 'y' : 'x'));
    LogFollower follower({log.log_name()}, {FormerName('x')});
    const absl::Status status = FollowAll(follower, log.records());
    EXPECT_EQ(status.code(), key ? absl::StatusCode::kUnauthenticated : absl::StatusCode::kDataLoss)
        << status;
  }
}

TEST(LogFollowerTest, FindsFormerPoliciesBesideThePolicy) {
  const std::string policy = testing::TempDir() + "/policy";
  const std::string former = policy + ".log-0.former";
  std::ofstream(policy) << "quorum none\n";
  EXPECT_THAT(*LoadFormerLogKeys(policy), testing::IsEmpty());
  std::ofstream(former) << "log " << FormerName('x').ToString() << "\nquorum none\n";
  std::ofstream(policy + ".log-0") << "not looked at";
  ASSERT_THAT(*LoadFormerLogKeys(policy), testing::SizeIs(1));
  EXPECT_EQ((*LoadFormerLogKeys(policy))[0].name(), "waystation.example/log/0");
  std::ofstream(former) << "no policy";
  EXPECT_THAT(std::string(LoadFormerLogKeys(policy).status().message()),
              HasSubstr("policy.log-0.former: "));
}

// Else a broker could go on without our log's signature.
TEST(LogFollowerTest, RefusesAnotherLogBehindOurs) {
  TestLog log;
  log.AddEpoch(log.log_name().name());
  log.AddEpoch("waystation.example/log/2");
  ExpectLost(Judge(log.records()), "record 3: another log begins in place of ours");
}

TEST(LogFollowerTest, TakesNothingOfWhatItRefuses) {
  const TestLog log = SmallLog();
  LogFollower follower({log.log_name()});
  for (const std::string& bytes : log.records()) {
    const LogPlace before = follower.place();
    Record record;
    ASSERT_TRUE(record.ParseFromString(bytes));
    record.set_time_us(0);
    EXPECT_FALSE(follower.Append("\xff" + bytes).ok());
    if (!record.has_genesis()) {
      EXPECT_FALSE(follower.Append(record.SerializeAsString()).ok());
    }
    EXPECT_EQ(follower.place(), before);
    ASSERT_TRUE(follower.Append(bytes).ok());
  }
}

}  // namespace
}  // namespace waystation
