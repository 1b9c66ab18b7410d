#include "services/ins/fields.h"

#include <string>

#include "common/status/status.h"
#include "common/statute/work_authorization.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/ins/v1/petition.pb.h"

namespace waystation::ins {
namespace {

TEST(FieldsTest, RefusesTextThatLabelsAName) {
  for (const char* text : {"Name: X", "first_name=X", "his name is X", "{\"name\": \"X\"}"}) {
    EXPECT_EQ(ReasonOf(CheckText("reason", text, {1, 100})), "NAME_NOT_ALLOWED") << text;
  }
  EXPECT_TRUE(CheckText("reason", "names withheld", {1, 100}).ok());
}

TEST(FieldsTest, RefusesLengthAndControlCharacters) {
  EXPECT_EQ(ReasonOf(CheckText("reason", "", {1, 10})), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckText("reason", "12345678901", {1, 10})), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckText("reason", "a\x1b[2J", {1, 10})), "FIELD_INVALID");
}

TEST(FieldsTest, RefusesIdsOfNoForm) {
  EXPECT_EQ(ReasonOf(CheckReferralId("short")), "FIELD_INVALID");
  EXPECT_TRUE(CheckReferralId(std::string(16, '\0')).ok());
  EXPECT_EQ(ReasonOf(CheckVersion(-1)), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", "a b", 64, "-")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", "", 64, "-")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(CheckToken("presence_id", std::string(65, 'a'), 64, "-")), "FIELD_INVALID");
}

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::Mechanism::kStayOfRemoval) ==
              v1::PRESENCE_MECHANISM_STAY_OF_REMOVAL);
static_assert(static_cast<int>(statute::Mechanism::kDeferredAction) ==
              v1::PRESENCE_MECHANISM_DEFERRED_ACTION);
static_assert(static_cast<int>(statute::Mechanism::kOther) == v1::PresenceMechanism_MAX);
static_assert(static_cast<int>(statute::WorkBasis::kParole) == v1::WORK_AUTHORIZATION_BASIS_PAROLE);
static_assert(static_cast<int>(statute::WorkBasis::kDeferredAction) ==
              v1::WORK_AUTHORIZATION_BASIS_DEFERRED_ACTION);
static_assert(static_cast<int>(statute::WorkBasis::kOrderOfSupervision) ==
              v1::WORK_AUTHORIZATION_BASIS_ORDER_OF_SUPERVISION);
static_assert(static_cast<int>(statute::WorkBasis::kOther) == v1::WorkAuthorizationBasis_MAX);
static_assert(static_cast<int>(statute::Act::kLaborOrServices) ==
              types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
static_assert(static_cast<int>(statute::Conduct::kObtaining) == types::v1::TraffickingConduct_MAX);
static_assert(static_cast<int>(statute::Means::kCoercion) == types::v1::TraffickingMeans_MAX);
static_assert(static_cast<int>(statute::Purpose::kSlavery) == types::v1::LaborPurpose_MAX);

}  // namespace
}  // namespace waystation::ins
