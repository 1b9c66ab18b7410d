#include "tools/waystation/message_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/dos/v1/return.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string AsText(const std::vector<std::pair<std::string, Cell>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += name + " = " + value.text + "\n";
  return text;
}

TEST(MessageTextTest, RepeatedEnumsAreJoinedInWords) {
  dol::v1::ServicesReferral body;
  body.add_services(dol::v1::SERVICE_KIND_JOB_SEARCH);
  body.add_services(dol::v1::SERVICE_KIND_WAGE_CLAIM);
  body.set_language("th");
  EXPECT_EQ(AsText(MessageFields(body, "asked")),
            "asked services = job search, wage claim\nasked language = th\n");
}

TEST(MessageTextTest, MessagesInAListHaveALineEach) {
  dol::v1::ServicesOutcome body;
  for (auto kind : {dol::v1::SERVICE_KIND_JOB_SEARCH, dol::v1::SERVICE_KIND_WAGE_CLAIM}) {
    auto* one = body.add_outcomes();
    one->set_service(kind);
    one->set_outcome(dol::v1::SERVICES_OUTCOME_KIND_PLACED);
  }
  EXPECT_EQ(AsText(MessageFields(body, "")),
            "outcomes = service: job search, outcome: placed\n"
            "outcomes = service: wage claim, outcome: placed\n");
}

TEST(MessageTextTest, DaysReadAsDaysAndARefusedConsentAsNo) {
  dos::v1::ReturnReferral body;
  body.mutable_return_consent()->set_given(true);
  auto* day = body.mutable_return_consent()->mutable_valid_until();
  day->set_year(2002);
  day->set_month(3);
  day->set_day(9);
  body.mutable_iom_consent();
  const std::string text = AsText(MessageFields(body, ""));
  EXPECT_THAT(text, HasSubstr("return consent given = yes\n"));
  EXPECT_THAT(text, HasSubstr("return consent valid until = 2002-03-09\n"));
  EXPECT_THAT(text, HasSubstr("iom consent given = no\n"));
}

TEST(BodyFieldsTest, PackedBodyReadsAsItsMessage) {
  dol::v1::ServicesReferral body;
  body.set_needs("SYNTHETIC. Evenings.");
  google::protobuf::Any any;
  any.PackFrom(body);
  EXPECT_EQ(AsText(BodyFields(any, "asked")), "asked needs = SYNTHETIC. Evenings.\n");
}

TEST(BodyFieldsTest, UnknownTypeAndCutBytesAreNamedWithTheirSize) {
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/waystation.none.v1.None");
  any.set_value("abc");
  EXPECT_EQ(AsText(BodyFields(any, "asked")),
            "asked = waystation.none.v1.None, 3 bytes that cannot be read\n");
  any.set_type_url("type.googleapis.com/waystation.dol.v1.ServicesReferral");
  any.set_value("\x12\x7f");
  EXPECT_THAT(AsText(BodyFields(any, "asked")), HasSubstr("2 bytes that cannot be read"));
  EXPECT_THAT(BodyFields(google::protobuf::Any(), "asked"), testing::SizeIs(1));
}

TEST(MessageTextTest, EmptyMessageSaysNothing) {
  EXPECT_THAT(MessageFields(dol::v1::ServicesOutcome(), ""), IsEmpty());
}

}  // namespace
}  // namespace waystation::cli
