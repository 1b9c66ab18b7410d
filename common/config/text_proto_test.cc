#include "common/config/text_proto.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/config/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/policy.pb.h"

namespace waystation::config {
namespace {

using bus::v1::Policy;
using testing::HasSubstr;
using testing::Not;

std::string TempPath(const std::string& name) { return testing::TempDir() + "/" + name; }

std::string Write(const std::string& name, const std::string& content) {
  std::ofstream(TempPath(name), std::ios::binary) << content;
  return TempPath(name);
}

std::string ProblemOf(std::string_view text) {
  Policy policy;
  absl::Status status = ParseTextProto(text, "p.textproto", &policy);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(policy.ByteSizeLong(), 0u);
  return std::string(status.message());
}

TEST(TextProtoTest, ReadsAPolicy) {
  Policy policy;
  const std::string path = Write("good.textproto",
                                 "# who may\nversion: 3\n"
                                 "allow { name: \"publish\" actions: ACTION_PUBLISH }\n");
  ASSERT_EQ(LoadTextProto(path, &policy), absl::OkStatus());
  EXPECT_EQ(policy.version(), 3u);
  EXPECT_EQ(policy.allow(0).actions(0), bus::v1::ACTION_PUBLISH);
}

TEST(TextProtoTest, NamesLineColumnAndUnknownField) {
  std::string problem = ProblemOf("version: 1\nallow {\n  nmae: \"x\"\n}\n");
  EXPECT_THAT(problem, HasSubstr("p.textproto:3:"));
  EXPECT_THAT(problem, HasSubstr("nmae"));
}

TEST(TextProtoTest, RefusesAFieldGivenTwice) {
  EXPECT_THAT(ProblemOf("version: 1\nversion: 2\n"), HasSubstr("p.textproto:2:"));
}

TEST(TextProtoTest, RefusesValuesOutOfRangeAndUnknownEnumerators) {
  EXPECT_THAT(ProblemOf("delivery { attempts_max: 4294967296 }"), HasSubstr("p.textproto:1:"));
  EXPECT_THAT(ProblemOf("version: -1"), HasSubstr("p.textproto:1:"));
  EXPECT_THAT(ProblemOf("allow { actions: ACTION_FLY }"), HasSubstr("ACTION_FLY"));
}

TEST(TextProtoTest, RefusesTextThatIsCut) { ProblemOf("allow { name: \"x\""); }

TEST(TextProtoTest, RefusesAnythingAboveTheLimit) {
  EXPECT_THAT(ProblemOf(std::string(kConfigBytesMax + 1, '#')), HasSubstr("too large"));
}

TEST(TextProtoTest, TellsWhichFileCannotBeRead) {
  Policy policy;
  absl::Status missing = LoadTextProto(TempPath("none.textproto"), &policy);
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("none.textproto"));
  EXPECT_TRUE(absl::IsInvalidArgument(LoadTextProto(testing::TempDir(), &policy)));
}

TEST(FileTest, ReadsUpToItsLimit) {
  const std::string path = Write("ten", "0123456789");
  EXPECT_EQ(*ReadFile(path, 10), "0123456789");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFile(path, 9).status()));
  EXPECT_EQ(*ReadFile(Write("empty", ""), 9), "");
}

TEST(FileTest, DoesNotHangOnAFifo) {
  const std::string path = TempPath("fifo");
  ::mkfifo(path.c_str(), 0600);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFile(path, 10).status()));
}

}  // namespace
}  // namespace waystation::config
