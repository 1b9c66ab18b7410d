#include "tools/waystation/audit/record_source.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/segment_journal.h"
#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/audit/log_check.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

constexpr size_t kRecordsPerBlock = 4;

// A journal in a folder, as whoever rewrites one would leave it: its blocks chain and
// their checksums fit, whatever the records are.
class FolderRecordsTest : public ::testing::Test {
 protected:
  FolderRecordsTest() {
    for (int i = 0; i < 10; ++i) log_.AddRefused();
    log_.AddCheckpoint();
    policy_ = std::make_unique<tlog::Policy>(
        *tlog::Policy::Parse(absl::StrCat("log ", log_.log_name().ToString(), "\nquorum none\n")));
    folder_ = absl::StrCat(::testing::TempDir(), "/",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }

  absl::Status Judge(const std::vector<std::string>& records) {
    Write(records);
    LogCheck check(*policy_, nullptr);
    FolderRecords source(folder_);
    return source.ForEach([&](std::string_view record) { return check.Take(record); });
  }

  void Write(const std::vector<std::string>& records) {
    auto journal =
        journal::SegmentJournal::Open({.directory = folder_, .segment_bytes = 64 * 1024});
    ASSERT_TRUE(journal.ok()) << journal.status();
    for (size_t i = 0; i < records.size(); i += kRecordsPerBlock) {
      const size_t end = std::min(i + kRecordsPerBlock, records.size());
      const std::vector<std::string_view> block(records.begin() + static_cast<ptrdiff_t>(i),
                                                records.begin() + static_cast<ptrdiff_t>(end));
      ASSERT_TRUE((*journal)
                      ->Append({.expected_sequence = (*journal)->head().next_sequence,
                                .epoch = 1,
                                .time = absl::FromUnixSeconds(1'000'000'000),
                                .records = block})
                      .committed());
    }
  }

  void ExpectLost(const absl::Status& status, const std::string& text) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }

  TestLog log_;
  std::unique_ptr<tlog::Policy> policy_;
  std::string folder_;
};

TEST_F(FolderRecordsTest, GivesEveryRecord) { EXPECT_TRUE(Judge(log_.records()).ok()); }

TEST_F(FolderRecordsTest, NamesBlockAndRecordOfADroppedLeaf) {
  std::vector<std::string> records = log_.records();
  records.erase(records.begin() + 5);
  ExpectLost(Judge(records), "block 2: record 6: another record stands in its place");
}

TEST_F(FolderRecordsTest, NamesBlockAndRecordOfADoubledLeaf) {
  std::vector<std::string> records = log_.records();
  records.insert(records.begin() + 5, records[5]);
  ExpectLost(Judge(records), "block 2: record 7: another record stands in its place");
}

TEST_F(FolderRecordsTest, NamesBlockAndRecordOfReorderedLeaves) {
  std::vector<std::string> records = log_.records();
  std::swap(records[8], records[9]);
  ExpectLost(Judge(records), "block 3: record 9: another record stands in its place");
}

TEST_F(FolderRecordsTest, NamesTheBlockOfADroppedCheckpoint) {
  std::vector<std::string> records = log_.records();
  records.pop_back();
  log_.AddRefused();
  records.push_back(log_.records().back());
  ExpectLost(Judge(records), "block 3: record 12: another record stands in its place");
}

TEST_F(FolderRecordsTest, StopsWithoutAnErrorWhenItIsEnough) {
  Write(log_.records());
  int taken = 0;
  FolderRecords source(folder_);
  EXPECT_TRUE(source
                  .ForEach([&](std::string_view) {
                    return ++taken == 3 ? RecordSource::Enough() : absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(taken, 3);
}

TEST_F(FolderRecordsTest, SaysWhereThereIsNoJournal) {
  FolderRecords source(folder_);
  std::filesystem::create_directory(folder_);
  EXPECT_TRUE(absl::IsNotFound(source.ForEach([](std::string_view) { return absl::OkStatus(); })));
}

}  // namespace
}  // namespace waystation::cli
