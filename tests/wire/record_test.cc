#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "tests/wire/fences.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;
using journal::v1::Record;

constexpr char kFolder[] = "tests/wire/records";

std::string ReadOrDie(const std::string& path) {
  auto bytes = ReadDataFile(path);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *bytes : "";
}

std::string BytesOf(std::string_view kind) {
  return ReadOrDie(absl::StrCat(kFolder, "/", std::string(kind), ".pb"));
}

// Every field as "<number path>=<value>", without names: what bytes mean to a
// program of any release.
void ListFields(const Message& message, const std::string& path, std::string* out) {
  const Reflection* reflection = message.GetReflection();
  EXPECT_TRUE(reflection->GetUnknownFields(message).empty()) << path;
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      std::string place = absl::StrCat(path, ".", field->number(), "[", i, "]");
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ListFields(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                        : reflection->GetMessage(message, field),
                   place, out);
        continue;
      }
      std::string value;
      TextFormat::Printer printer;
      printer.SetUseShortRepeatedPrimitives(false);
      printer.PrintFieldValueToString(message, field, field->is_repeated() ? i : -1, &value);
      // An enum prints its name; its number is what travels.
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        value =
            absl::StrCat(field->is_repeated() ? reflection->GetRepeatedEnumValue(message, field, i)
                                              : reflection->GetEnumValue(message, field));
      }
      absl::StrAppend(out, place, "=", value, "\n");
    }
  }
}

std::string FieldDigest(const Message& message) {
  std::string fields;
  ListFields(message, "", &fields);
  return crypto::Hex(crypto::AsBytes(crypto::Sha256(fields)));
}

// Adds the full name of every field below `message` that is set.
void CollectSet(const Message& message, std::set<std::string>* names) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    names->insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      CollectSet(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                      : reflection->GetMessage(message, field),
                 names);
    }
  }
}

class RecordTest : public testing::TestWithParam<std::string> {};

TEST_P(RecordTest, ParsesAndSerializesToTheSameBytes) {
  const std::string bytes = BytesOf(GetParam());
  Record record;
  ASSERT_FALSE(bytes.empty());
  ASSERT_TRUE(record.ParseFromString(bytes));
  EXPECT_EQ(record.SerializeAsString(), bytes);
}

TEST_P(RecordTest, HoldsTheKindOfItsName) {
  Record record;
  ASSERT_TRUE(record.ParseFromString(BytesOf(GetParam())));
  const FieldDescriptor* kind = record.GetReflection()->GetOneofFieldDescriptor(
      record, Record::descriptor()->FindOneofByName("kind"));
  ASSERT_NE(kind, nullptr);
  EXPECT_EQ(kind->name(), GetParam());
}

TEST_P(RecordTest, TextFormSaysTheSame) {
  Record from_bytes;
  Record from_text;
  ASSERT_TRUE(from_bytes.ParseFromString(BytesOf(GetParam())));
  const std::string text = ReadOrDie(absl::StrCat(kFolder, "/", GetParam(), ".txtpb"));
  ASSERT_TRUE(TextFormat::ParseFromString(text, &from_text));
  EXPECT_EQ(FieldDigest(from_bytes), FieldDigest(from_text));
}

TEST_P(RecordTest, FieldsHaveTheReleasedDigest) {
  Record record;
  ASSERT_TRUE(record.ParseFromString(BytesOf(GetParam())));
  const std::string line = absl::StrCat(FieldDigest(record), "  ", GetParam(), "\n");
  EXPECT_TRUE(absl::StrContains(ReadOrDie(absl::StrCat(kFolder, "/DIGESTS")), line)) << line;
}

// A field that no golden record holds could change its number unnoticed.
TEST_P(RecordTest, SetsEveryFieldOfItsKind) {
  Record record;
  ASSERT_TRUE(record.ParseFromString(BytesOf(GetParam())));
  std::set<std::string> set;
  CollectSet(record, &set);
  const auto* kind = Record::descriptor()->FindFieldByName(GetParam())->message_type();
  std::vector<const google::protobuf::Descriptor*> left = {kind};
  std::set<const google::protobuf::Descriptor*> seen;
  while (!left.empty()) {
    const auto* type = left.back();
    left.pop_back();
    if (!seen.insert(type).second) continue;
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_TRUE(set.count(type->field(i)->full_name())) << type->field(i)->full_name();
      if (type->field(i)->message_type() != nullptr) left.push_back(type->field(i)->message_type());
    }
  }
}

std::vector<std::string> Kinds() {
  std::vector<std::string> kinds;
  const auto* oneof = Record::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) kinds.push_back(oneof->field(i)->name());
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(EveryKind, RecordTest, testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return kind.param; });

// What ties a record to its leaf keeps its place behind the kind, whichever it is.
TEST(RecordBytes, SaltAndLogIndexStandAtTheEnd) {
  const std::string salt = "sixteen bytes of";
  const std::string bytes = absl::StrCat(std::string("\x08\x05\x62\x00\x7a\x10", 6), salt,
                                         std::string("\x80\x01\xac\x02", 4));
  Record record;
  ASSERT_TRUE(record.ParseFromString(bytes));
  EXPECT_TRUE(record.has_refused());
  EXPECT_EQ(record.salt(), salt);
  EXPECT_EQ(record.log_index(), 300u);
  EXPECT_EQ(record.SerializeAsString(), bytes);
}

// A kind that was released stays readable for ever, so its file stays here.
TEST(RecordFiles, EachIsOfAKnownKind) {
  const std::vector<std::string> kinds = Kinds();
  const std::set<std::string> known(kinds.begin(), kinds.end());
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    if (file.path().extension() != ".pb") continue;
    EXPECT_TRUE(known.count(file.path().stem().string())) << file.path();
    ++files;
  }
  EXPECT_EQ(files, 12u);
}

}  // namespace
}  // namespace waystation::wire
