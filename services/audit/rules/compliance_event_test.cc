#include "services/audit/rules/compliance_event.h"

#include <functional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

using v1::ComplianceEvent;

std::string Of(const std::string& agency) { return "spiffe://waystation.example/agency/" + agency; }

ComplianceEvent Timed() {
  ComplianceEvent event;
  event.mutable_time()->set_seconds(1);
  return event;
}
ComplianceEvent Duties() {
  ComplianceEvent event = Timed();
  event.mutable_duties()->set_person("pv-1");
  event.mutable_duties()->set_unit("doj/fbi");
  event.mutable_duties()->mutable_since()->set_seconds(1);
  v1::OpenDuty& open = *event.mutable_duties()->add_open();
  open.set_text("medical care");
  open.set_citation("TVPA 107(c)(1)(B)");
  return event;
}
ComplianceEvent Certification(v1::CertificationStage stage) {
  ComplianceEvent event = Timed();
  event.mutable_certification()->set_reference("cp-1");
  event.mutable_certification()->set_stage(stage);
  return event;
}
ComplianceEvent Cap() {
  ComplianceEvent event = Timed();
  event.mutable_cap()->set_what("T status, principals");
  event.mutable_cap()->set_citation("TVPA 107(e)(2)");
  event.mutable_cap()->set_fiscal_year(2002);
  event.mutable_cap()->set_limit(5000);
  return event;
}
ComplianceEvent Procedure() {
  ComplianceEvent event = Timed();
  event.mutable_procedure()->set_referral_id(std::string(16, 'r'));
  event.mutable_procedure()->set_procedure("continued presence");
  return event;
}

TEST(ComplianceEventTest, EachKindIsItsSendersToTell) {
  EXPECT_TRUE(CheckEvent(Duties(), Of("doj")).ok());
  EXPECT_TRUE(CheckEvent(Procedure(), Of("dol")).ok());
  EXPECT_TRUE(CheckEvent(Cap(), Of("ins")).ok());
  EXPECT_TRUE(CheckEvent(Certification(v1::CERTIFICATION_STAGE_NOTICE_GIVEN), Of("ins")).ok());
  EXPECT_TRUE(CheckEvent(Certification(v1::CERTIFICATION_STAGE_LETTER_ISSUED), Of("hhs")).ok());
  struct Wrong {
    ComplianceEvent event;
    std::string sender;
  };
  const Wrong kWrong[] = {
      {Cap(), Of("hhs")},
      {Certification(v1::CERTIFICATION_STAGE_NOTICE_GIVEN), Of("hhs")},
      {Certification(v1::CERTIFICATION_STAGE_BASIS_ENDED), Of("doj")},
      {Certification(v1::CERTIFICATION_STAGE_NOTICE_FILED), Of("ins")},
      {Certification(v1::CERTIFICATION_STAGE_LETTER_ISSUED), Of("ins")},
      {Duties(), "spiffe://waystation.example/operator"},
      {Duties(), Of("doj") + "/staff/fbi-1"},
  };
  for (const Wrong& wrong : kWrong) {
    EXPECT_EQ(ReasonOf(CheckEvent(wrong.event, wrong.sender)), "EVENT_NOT_YOURS") << wrong.sender;
  }
}

TEST(ComplianceEventTest, EachLimitIsKept) {
  struct Case {
    ComplianceEvent good;
    std::string sender;
    std::vector<std::function<void(ComplianceEvent&)>> spoil;
  };
  const Case kCases[] = {
      {Duties(),
       Of("doj"),
       {[](auto& e) { e.clear_time(); }, [](auto& e) { e.clear_standing(); },
        [](auto& e) { e.mutable_duties()->set_person("Maria"); },
        [](auto& e) { e.mutable_duties()->clear_person(); },
        [](auto& e) { e.mutable_duties()->set_person(std::string(65, 'p')); },
        [](auto& e) { e.mutable_duties()->clear_unit(); },
        [](auto& e) { e.mutable_duties()->clear_since(); },
        [](auto& e) { e.mutable_duties()->add_open(); },
        [](auto& e) { e.mutable_duties()->mutable_open(0)->set_text(std::string(501, 't')); },
        [](auto& e) { e.mutable_duties()->mutable_open(0)->clear_citation(); },
        [](auto& e) {
          for (int i = 0; i < 32; ++i) {
            const v1::OpenDuty first = e.duties().open(0);
            *e.mutable_duties()->add_open() = first;
          }
        }}},
      {Certification(v1::CERTIFICATION_STAGE_NOTICE_GIVEN),
       Of("ins"),
       {[](auto& e) { e.mutable_certification()->clear_reference(); },
        [](auto& e) { e.mutable_certification()->set_reference("a b"); },
        [](auto& e) { e.mutable_certification()->clear_stage(); },
        [](auto& e) {
          e.mutable_certification()->set_stage(static_cast<v1::CertificationStage>(99));
        },
        [](auto& e) { e.mutable_certification()->set_referral_id("short"); },
        [](auto& e) { e.mutable_certification()->set_waits_for(std::string(65, 'w')); }}},
      {Cap(),
       Of("ins"),
       {[](auto& e) { e.mutable_cap()->clear_what(); },
        [](auto& e) { e.mutable_cap()->clear_citation(); },
        [](auto& e) { e.mutable_cap()->set_fiscal_year(2000); },
        [](auto& e) { e.mutable_cap()->set_fiscal_year(10'000); },
        [](auto& e) { e.mutable_cap()->clear_limit(); }}},
      {Procedure(),
       Of("usaid"),
       {[](auto& e) { e.mutable_procedure()->set_referral_id(std::string(15, 'r')); },
        [](auto& e) { e.mutable_procedure()->clear_procedure(); },
        [](auto& e) { e.mutable_procedure()->set_procedure(std::string(101, 'p')); }}},
  };
  for (const Case& one : kCases) {
    ASSERT_TRUE(CheckEvent(one.good, one.sender).ok()) << one.good.ShortDebugString();
    for (size_t i = 0; i < one.spoil.size(); ++i) {
      ComplianceEvent bad = one.good;
      one.spoil[i](bad);
      EXPECT_EQ(ReasonOf(CheckEvent(bad, one.sender)), "EVENT_MALFORMED")
          << one.good.ShortDebugString() << i;
    }
  }
}

TEST(ComplianceEventTest, WhatMayBeANameStaysOutOfTheError) {
  ComplianceEvent event = Duties();
  event.mutable_duties()->set_person("Maria Lopez");
  const absl::Status status = CheckEvent(event, Of("doj"));
  EXPECT_EQ(std::string(status.message()).find("Maria"), std::string::npos) << status;
}

}  // namespace
}  // namespace waystation::audit
