#include "tools/waystation/scenes/journal_copy.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kSegment[] = "segment-00000000000000000002.wsj";

// A folder as that of a bus, with two segments: the first one is full, the
// second one is filled up with zeros.
class JournalCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string dir = testing::TempDir() + "/bus-XXXXXX";
    ASSERT_NE(mkdtemp(dir.data()), nullptr);
    dir_ = dir;
    Write("segment-00000000000000000001.wsj", std::string(8192, 'a'));
    Write(kSegment, std::string(6000, 'b') + std::string(10000, '\0'));
    ASSERT_TRUE(WriteFile(dir_ + "/broker/config.textproto",
                          "identity: \"SYN\"\nlisten_address: \"127.0.0.1:7443\"\njournal_dir: \"" +
                              dir_ + "/broker/journal\"\nprojection_dir: \"" + dir_ +
                              "/broker/projection\"\naudit_log_dir: \"" + dir_ +
                              "/broker/audit-log\"\naudit_log_key_path: \"" + dir_ +
                              "/pki/audit-log-key.pem\"\n",
                          FileMode::kPublic)
                    .ok());
    ASSERT_TRUE(WriteFile(dir_ + "/pki/audit-log-key.pem", "SYN", FileMode::kPrivate).ok());
  }
  void TearDown() override { fs::remove_all(dir_); }

  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFile(dir_ + "/broker/journal/" + name, bytes, FileMode::kPublic).ok());
  }
  std::string Original() { return *ReadWholeFile(dir_ + "/broker/journal/" + kSegment); }

  std::string dir_;
};

TEST_F(JournalCopyTest, FlipsOneBitOfTheCopyAndPutsItBack) {
  const std::string original = Original();
  auto copy = JournalCopy::Make(dir_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->segment(), kSegment);
  EXPECT_EQ(copy->at(), 6000u - 64);
  const std::string path =
      fs::path(copy->ConfigPath()).parent_path().string() + "/journal/" + kSegment;
  ASSERT_TRUE(copy->FlipNewestByte().ok());
  std::string altered = original;
  altered[copy->at()] ^= 1;
  EXPECT_EQ(*ReadWholeFile(path), altered);
  ASSERT_TRUE(copy->FlipNewestByte().ok());
  EXPECT_EQ(*ReadWholeFile(path), original);
  EXPECT_EQ(Original(), original);
}

TEST_F(JournalCopyTest, ConfigurationNamesTheCopyAndNoPort) {
  auto copy = JournalCopy::Make(dir_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  const std::string folder = fs::path(copy->ConfigPath()).parent_path().string();
  EXPECT_EQ(*ReadWholeFile(copy->ConfigPath()),
            "identity: \"SYN\"\nlisten_address: \"127.0.0.1:0\"\njournal_dir: \"" + folder +
                "/journal\"\nprojection_dir: \"" + folder + "/projection\"\naudit_log_dir: \"" +
                folder + "/audit-log\"\naudit_log_key_path: \"" + folder +
                "/audit-log-key.pem\"\n\n");
  EXPECT_EQ(*ReadWholeFile(folder + "/audit-log-key.pem"), "SYN");
}

TEST_F(JournalCopyTest, MissingKeyOfTheLogIsTold) {
  fs::remove(dir_ + "/pki/audit-log-key.pem");
  EXPECT_TRUE(absl::IsNotFound(JournalCopy::Make(dir_).status()));
}

TEST_F(JournalCopyTest, CopyGoesWithTheObject) {
  std::string folder;
  {
    auto copy = JournalCopy::Make(dir_);
    ASSERT_TRUE(copy.ok()) << copy.status();
    folder = fs::path(copy->ConfigPath()).parent_path().string();
    EXPECT_TRUE(fs::exists(folder));
  }
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(JournalCopyTest, FolderWithoutJournalIsTold) {
  EXPECT_TRUE(JournalCopy::CanCopy(dir_));
  EXPECT_FALSE(JournalCopy::CanCopy(""));
  EXPECT_FALSE(JournalCopy::CanCopy(dir_ + "/broker"));
  fs::remove_all(dir_ + "/broker/journal");
  EXPECT_FALSE(JournalCopy::CanCopy(dir_));
  auto copy = JournalCopy::Make(dir_);
  EXPECT_TRUE(absl::IsFailedPrecondition(copy.status())) << copy.status();
}

TEST_F(JournalCopyTest, JournalWithoutABlockIsTold) {
  Write("segment-00000000000000000001.wsj", std::string(16384, '\0'));
  Write(kSegment, std::string(16384, '\0'));
  auto copy = JournalCopy::Make(dir_);
  EXPECT_TRUE(absl::IsFailedPrecondition(copy.status())) << copy.status();
}

}  // namespace
}  // namespace waystation::cli
