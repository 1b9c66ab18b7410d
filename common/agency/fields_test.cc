#include "common/agency/fields.h"

#include <string>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::agency {
namespace {

TEST(FieldsTest, RefusesTextThatLabelsAName) {
  for (const char* text :
       {"Name: X", "first_name=X", "his name is X", "SURNAME :X", "{\"name\": \"X\"}", "alias: X",
        "a.k.a.: X", "nombre: X", "two lines\nlast name:\nX", "names: X and Y"}) {
    EXPECT_EQ(ReasonOf(CheckText("circumstances", text, {1, 100})), "NAME_NOT_ALLOWED") << text;
  }
}

TEST(FieldsTest, LeavesTextWithoutLabelsAlone) {
  for (const char* text : {"names withheld from the public", "held in a house; 3 others",
                           "she was told a false name by the recruiter", "ends in name"}) {
    EXPECT_TRUE(CheckText("circumstances", text, {1, 100}).ok()) << text;
  }
}

TEST(FieldsTest, CountsCharactersNotBytes) {
  std::string text;
  for (int i = 0; i < 10; ++i) text += "\xc3\xa9";
  EXPECT_TRUE(CheckText("reason", text, {1, 10}).ok());
  EXPECT_EQ(ReasonOf(CheckText("reason", text + "e", {1, 10})), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckText("reason", "", {1, 10})), "FIELD_INVALID");
}

TEST(FieldsTest, RefusesControlCharacters) {
  EXPECT_EQ(ReasonOf(CheckText("reason", "a\x1b[2J", {1, 10})), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckText("reason", std::string("a\0b", 3), {1, 10})), "FIELD_INVALID");
  EXPECT_TRUE(CheckText("reason", "a\n\tb", {1, 10}).ok());
}

TEST(FieldsTest, RefusesHandlesWithoutPrintingThem) {
  for (const char* person : {"", "pv-", "Jane Roe", "pv-UPPER", "pv-a b"}) {
    const absl::Status refused = CheckPerson(person);
    EXPECT_EQ(ReasonOf(refused), "FIELD_INVALID") << person;
    EXPECT_THAT(refused.ToString(), testing::Not(testing::HasSubstr("Roe")));
  }
  EXPECT_EQ(ReasonOf(CheckPerson("pv-" + std::string(62, 'a'))), "FIELD_INVALID");
  EXPECT_TRUE(CheckPerson("pv-7q4k-2m9x-0tce").ok());
}

TEST(FieldsTest, RefusesUnitsOfOthersAndOfNoForm) {
  for (const char* unit : {"", "doj", "doj/", "ins/fbi", "doj/FBI", "doj/a/b"}) {
    EXPECT_EQ(ReasonOf(CheckUnit("unit", unit, "doj")), "FIELD_INVALID") << unit;
  }
  EXPECT_TRUE(CheckUnit("unit", "doj/us-attorneys", "doj").ok());
}

TEST(FieldsTest, RefusesDaysThatAreNone) {
  types::v1::Date date;
  EXPECT_EQ(ReasonOf(ToDay("made_on", date).status()), "DATE_INVALID");
  date = ToDate(absl::CivilDay(2002, 2, 28));
  EXPECT_TRUE(ToDay("made_on", date).ok());
  date.set_day(30);
  EXPECT_EQ(ReasonOf(ToDay("made_on", date).status()), "DATE_INVALID");
}

TEST(FieldsTest, RefusesElementsThatAreUnknownOrDoubled) {
  types::v1::SevereFormElements wire;
  wire.set_act(types::v1::EXPLOITATION_ACT_COMMERCIAL_SEX);
  wire.add_means(types::v1::TRAFFICKING_MEANS_FORCE);
  EXPECT_TRUE(ToElements(wire).ok());
  wire.add_means(types::v1::TRAFFICKING_MEANS_FORCE);
  EXPECT_EQ(ReasonOf(ToElements(wire).status()), "FIELD_INVALID");
  wire.set_means(1, static_cast<types::v1::TraffickingMeans>(77));
  EXPECT_EQ(ReasonOf(ToElements(wire).status()), "FIELD_INVALID");
}

TEST(FieldsTest, RefusesBirthDateInTheFuture) {
  types::v1::PersonAge age;
  *age.mutable_birth_date() = ToDate(absl::CivilDay(2002, 1, 10));
  EXPECT_TRUE(ToAge(age, absl::CivilDay(2002, 1, 10)).ok());
  EXPECT_EQ(ReasonOf(ToAge(age, absl::CivilDay(2002, 1, 9)).status()), "DATE_INVALID");
}

TEST(FieldsTest, RefusesIdsOfNoForm) {
  EXPECT_EQ(ReasonOf(CheckReferralId("short")), "FIELD_INVALID");
  EXPECT_TRUE(CheckReferralId(std::string(16, '\0')).ok());
  EXPECT_EQ(ReasonOf(CheckVersion(-1)), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckVersion(0)), "FIELD_INVALID");
  EXPECT_TRUE(CheckVersion(1).ok());
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", "a b", 64, "-")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", "", 64, "-")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", std::string(65, 'a'), 64, "-")), "FIELD_INVALID");
}

TEST(FieldsTest, RefusesStatesThatAreUnknownOrTooMany) {
  google::protobuf::RepeatedField<int> states;
  EXPECT_TRUE(CheckStates(states).ok());
  states.Add(types::v1::REFERRAL_STATE_RECEIVED);
  EXPECT_TRUE(CheckStates(states).ok());
  states.Set(0, types::v1::REFERRAL_STATE_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(CheckStates(states)), "FIELD_INVALID");
  states.Set(0, 77);
  EXPECT_EQ(ReasonOf(CheckStates(states)), "FIELD_INVALID");
  states.Set(0, types::v1::REFERRAL_STATE_RECEIVED);
  states.Resize(11, types::v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(ReasonOf(CheckStates(states)), "FIELD_INVALID");
}

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::Act::kLaborOrServices) ==
              types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
static_assert(static_cast<int>(statute::Conduct::kTransportation) ==
              types::v1::TRAFFICKING_CONDUCT_TRANSPORTATION);
static_assert(static_cast<int>(statute::Conduct::kObtaining) == types::v1::TraffickingConduct_MAX);
static_assert(static_cast<int>(statute::Means::kFraud) == types::v1::TRAFFICKING_MEANS_FRAUD);
static_assert(static_cast<int>(statute::Means::kCoercion) == types::v1::TraffickingMeans_MAX);
static_assert(static_cast<int>(statute::Purpose::kPeonage) == types::v1::LABOR_PURPOSE_PEONAGE);
static_assert(static_cast<int>(statute::Purpose::kDebtBondage) ==
              types::v1::LABOR_PURPOSE_DEBT_BONDAGE);
static_assert(static_cast<int>(statute::Purpose::kSlavery) == types::v1::LaborPurpose_MAX);
static_assert(static_cast<int>(statute::AgeBracket::kUnderFifteen) ==
              types::v1::AGE_BRACKET_UNDER_FIFTEEN);
static_assert(static_cast<int>(statute::AgeBracket::kTwentyOneOrOlder) ==
              types::v1::AgeBracket_MAX);

}  // namespace
}  // namespace waystation::agency
