#include "common/config/file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::config {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBytesMax = 1024;

class WriteFileDurablyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/file.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/kept";
  }
  void TearDown() override { fs::remove_all(folder_); }

  size_t Files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string folder_;
  std::string path_;
};

TEST_F(WriteFileDurablyTest, ReplacesTheFileWholeAndForItsOwnerAlone) {
  for (const std::string& bytes : {std::string(100, 'a'), std::string("b"), std::string()}) {
    absl::Status written = WriteFileDurably(path_, bytes);
    ASSERT_TRUE(written.ok()) << written;
    EXPECT_EQ(*ReadFile(path_, kBytesMax), bytes);
  }
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(WriteFileDurablyTest, TakesAPathWithoutAFolder) {
  fs::current_path(folder_);
  ASSERT_TRUE(WriteFileDurably("kept", "a").ok());
  EXPECT_EQ(*ReadFile(path_, kBytesMax), "a");
}

TEST_F(WriteFileDurablyTest, WritesOverWhatAKilledProcessLeft) {
  std::ofstream(path_ + ".new") << "half";
  ASSERT_EQ(::chmod((path_ + ".new").c_str(), 0644), 0);
  ASSERT_TRUE(WriteFileDurably(path_, "whole").ok());
  EXPECT_EQ(*ReadFile(path_, kBytesMax), "whole");
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(WriteFileDurablyTest, FailureLeavesWhatWasThere) {
  EXPECT_TRUE(absl::IsNotFound(WriteFileDurably(folder_ + "/none/kept", "a")));
  // A folder cannot be replaced by a file.
  ASSERT_TRUE(fs::create_directory(path_));
  absl::Status written = WriteFileDurably(path_, "a");
  EXPECT_TRUE(absl::IsUnavailable(written)) << written;
  EXPECT_TRUE(fs::is_directory(path_));
  EXPECT_EQ(Files(), 1u);
}

TEST_F(WriteFileDurablyTest, AFileIsReadUpToItsBoundAndNotBeyond) {
  ASSERT_TRUE(WriteFileDurably(path_, std::string(1000, 'x')).ok());
  EXPECT_EQ(ReadFile(path_, 1000)->size(), 1000u);
  EXPECT_EQ(ReadFile(path_, 100'000'000)->size(), 1000u);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFile(path_, 999).status()));
}

// Such a file says that it is empty, as one does that grows while it is read.
TEST(ReadFileTest, AFileThatIsLargerThanItSaysIsReadWhole) {
  absl::StatusOr<std::string> whole = ReadFile("/proc/self/maps", 1 << 20);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_GT(whole->size(), 1000u);
  EXPECT_EQ(whole->back(), '\n');
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFile("/proc/self/maps", 100).status()));
}

}  // namespace
}  // namespace waystation::config
