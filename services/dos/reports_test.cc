#include "services/dos/reports.h"

#include <string>
#include <vector>

#include "services/dos/desk_fixture.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::dos {
namespace {

using ::testing::HasSubstr;

class ReportsTest : public DeskTest {
 protected:
  static v1::RecordPostReportRequest Report() {
    v1::RecordPostReportRequest request;
    request.set_post("CHI");
    request.set_circumstances("came to the section and asked for help");
    request.set_language("ro");
    return request;
  }

  absl::StatusOr<v1::PostReport> Record(const v1::RecordPostReportRequest& request,
                                        std::string_view unit = kConsular) {
    v1::RecordPostReportResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return RecordPostReport(Officer(unit), request, desk_.random(), tx, out);
    }));
    return out.report();
  }

  std::string Recorded(const v1::RecordPostReportRequest& request = Report()) {
    absl::StatusOr<v1::PostReport> report = Record(request);
    EXPECT_TRUE(report.ok()) << report.status();
    return report->report_id();
  }

  static v1::RoutePostReportRequest Route(const std::string& id, v1::PostReportRoute to) {
    v1::RoutePostReportRequest request;
    request.set_report_id(id);
    request.set_to(to);
    return request;
  }

  static v1::RoutePostReportRequest ToHhs(const std::string& id) {
    v1::RoutePostReportRequest request = Route(id, v1::POST_REPORT_ROUTE_HHS_CHILD);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("TVPA 107(b)(1)(B)");
    return request;
  }

  absl::StatusOr<v1::PostReport> Send(const v1::RoutePostReportRequest& request,
                                      std::string_view unit = kConsular) {
    v1::RoutePostReportResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return RoutePostReport(procedures_, Officer(unit), request, tx, out);
    }));
    return out.report();
  }

  absl::StatusOr<v1::PostReport> Accept(const std::string& id, std::string_view unit) {
    v1::AcceptPostReportRequest request;
    request.set_report_id(id);
    v1::AcceptPostReportResponse out;
    WS_RETURN_IF_ERROR(desk_.Write(
        [&](agency::Tx& tx) { return AcceptPostReport(Officer(unit), request, tx, out); }));
    return out.report();
  }

  absl::StatusOr<v1::PostReport> See(const std::string& id, std::string_view unit) {
    v1::GetPostReportRequest request;
    request.set_report_id(id);
    v1::GetPostReportResponse out;
    WS_RETURN_IF_ERROR(
        desk_.Read([&](agency::Tx& tx) { return GetPostReport(Officer(unit), request, tx, out); }));
    return out.report();
  }

  v1::ListPostReportsResponse List(std::string_view unit, bool waiting_only = false,
                                   int page_size = 0, const std::string& token = "") {
    v1::ListPostReportsRequest request;
    request.set_waiting_only(waiting_only);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListPostReportsResponse out;
    EXPECT_TRUE(
        desk_.Read([&](agency::Tx& tx) { return ListPostReports(Officer(unit), request, tx, out); })
            .ok());
    return out;
  }
};

TEST_F(ReportsTest, RecordsAndGivesOutAHandle) {
  v1::RecordPostReportRequest request = Report();
  request.set_danger_now(true);
  request.mutable_safe_contact()->set_way("line 1 of the section's book");
  request.mutable_safe_contact()->set_hours("mornings");
  request.mutable_safe_contact()->set_if_somebody_else_answers("hang up");
  absl::StatusOr<v1::PostReport> report = Record(request);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->person(), HasSubstr("pv-"));
  EXPECT_TRUE(report->treated_as_child()) << "unknown age";
  EXPECT_EQ(report->next_moves(0).holder(), kConsular);
  EXPECT_EQ(report->next_moves(0).what(), "route the report");
  absl::StatusOr<v1::PostReport> seen = See(report->report_id(), kConsular);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->SerializeAsString(), report->SerializeAsString());
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(ReportsTest, RefusesOtherUnitsAndBadFields) {
  for (std::string_view unit : {kDiplomaticSecurity, kPrmUnit}) {
    EXPECT_EQ(ReasonOf(Record(Report(), unit).status()), "UNIT_NOT_OWN");
  }
  for (const std::string& post : {std::string(), std::string("C"), std::string(41, 'C'),
                                  std::string("CHI 1"), std::string("CH\n")}) {
    v1::RecordPostReportRequest request = Report();
    request.set_post(post);
    EXPECT_EQ(ReasonOf(Record(request).status()), "FIELD_INVALID") << post;
  }
  v1::RecordPostReportRequest request = Report();
  request.set_post(std::string(40, 'C'));
  EXPECT_TRUE(Record(request).ok());
  request.mutable_safe_contact()->set_way("line 1");
  EXPECT_EQ(ReasonOf(Record(request).status()), "FIELD_INVALID") << "half a plan";
  request = Report();
  request.set_circumstances("name: somebody");
  EXPECT_EQ(ReasonOf(Record(request).status()), "NAME_NOT_ALLOWED");
}

TEST_F(ReportsTest, AUnitSeesAReportFromTheRoutingOn) {
  const std::string id = Recorded();
  EXPECT_EQ(ReasonOf(See(id, kDiplomaticSecurity).status()), "REPORT_UNKNOWN");
  EXPECT_EQ(List(kDiplomaticSecurity).reports_size(), 0);
  ASSERT_TRUE(Send(Route(id, v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY)).ok());
  EXPECT_EQ(See(id, kDiplomaticSecurity)->circumstances(), Report().circumstances());
  EXPECT_EQ(List(kDiplomaticSecurity).reports_size(), 1);
  EXPECT_EQ(ReasonOf(See(id, kPrmUnit).status()), "REPORT_UNKNOWN");
  EXPECT_EQ(List(kPrmUnit).reports_size(), 0);
  EXPECT_TRUE(desk_.sent().empty()) << "nothing leaves DOS";
}

TEST_F(ReportsTest, AUnitSeesItsOwnRoutingAlone) {
  const std::string id = Recorded();
  ASSERT_TRUE(Send(Route(id, v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY)).ok());
  ASSERT_TRUE(Send(Route(id, v1::POST_REPORT_ROUTE_PRM)).ok());
  for (std::string_view unit : {kDiplomaticSecurity, kPrmUnit}) {
    absl::StatusOr<v1::PostReport> seen = See(id, unit);
    ASSERT_EQ(seen->routings_size(), 1);
    EXPECT_EQ(seen->routings(0).unit(), unit);
    ASSERT_EQ(seen->next_moves_size(), 1);
    EXPECT_EQ(seen->next_moves(0).holder(), unit);
  }
  EXPECT_EQ(See(id, kConsular)->routings_size(), 2);
}

TEST_F(ReportsTest, RoutesOnceToEachAndByTheRecordingUnitAlone) {
  const std::string id = Recorded();
  const v1::RoutePostReportRequest route = Route(id, v1::POST_REPORT_ROUTE_PRM);
  EXPECT_EQ(ReasonOf(Send(route, kDiplomaticSecurity).status()), "UNIT_NOT_OWN");
  EXPECT_EQ(ReasonOf(Send(Route(id, v1::POST_REPORT_ROUTE_UNSPECIFIED)).status()), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Send(Route("po-none", v1::POST_REPORT_ROUTE_PRM)).status()), "REPORT_UNKNOWN");
  ASSERT_TRUE(Send(route).ok());
  EXPECT_EQ(ReasonOf(Send(route).status()), "REPORT_ALREADY_ROUTED");
  EXPECT_EQ(See(id, kConsular)->routings_size(), 1);
}

TEST_F(ReportsTest, TheUnitThatItIsRoutedToAcceptsOnce) {
  const std::string id = Recorded();
  ASSERT_TRUE(Send(Route(id, v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY)).ok());
  EXPECT_EQ(ReasonOf(Accept(id, kPrmUnit).status()), "REPORT_UNKNOWN");
  EXPECT_EQ(ReasonOf(Accept(id, kConsular).status()), "UNIT_NOT_OWN");
  EXPECT_EQ(See(id, kConsular)->next_moves(0).what(), "accept the report");
  desk_.clock().Advance(absl::Hours(1));
  absl::StatusOr<v1::PostReport> accepted = Accept(id, kDiplomaticSecurity);
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->routings(0).accepted_by().unit(), kDiplomaticSecurity);
  EXPECT_EQ(agency::FromProtoTime(accepted->next_moves(0).since()), desk_.clock().Now());
  EXPECT_EQ(ReasonOf(Accept(id, kDiplomaticSecurity).status()), "REPORT_ALREADY_ACCEPTED");
}

TEST_F(ReportsTest, RefersAPersonOfUnknownAgeToHhsUnderTheSameHandle) {
  const std::string id = Recorded();
  absl::StatusOr<v1::PostReport> report = Send(ToHhs(id));
  ASSERT_TRUE(report.ok()) << report.status();
  const agency::CaseContent& asked = desk_.sent().back();
  EXPECT_EQ(asked.referral_id(), report->routings(0).referral_id());
  EXPECT_EQ(asked.from_unit(), kConsular);
  EXPECT_EQ(asked.to_unit(), "hhs/orr");
  EXPECT_EQ(asked.person(), report->person());
  hhs::v1::ChildReferral body;
  ASSERT_TRUE(asked.body().UnpackTo(&body));
  EXPECT_EQ(body.circumstances(), Report().circumstances());
  EXPECT_EQ(report->next_moves(0).holder(), "hhs/orr");
}

TEST_F(ReportsTest, RefersAChildAndNoAdult) {
  v1::RecordPostReportRequest request = Report();
  *request.mutable_age()->mutable_birth_date() = Date(1984, 1, 10);
  EXPECT_TRUE(Send(ToHhs(Recorded(request))).ok()) << "18 tomorrow";
  *request.mutable_age()->mutable_birth_date() = Date(1984, 1, 9);
  const std::string adult = Recorded(request);
  const absl::Status refused = Send(ToHhs(adult)).status();
  EXPECT_EQ(ReasonOf(refused), "NOT_A_CHILD");
  EXPECT_THAT(refused.ToString(), HasSubstr("POLICY-PO-1"));
  EXPECT_EQ(See(adult, kConsular)->routings_size(), 0);
  EXPECT_EQ(desk_.sent().size(), 1u);
}

TEST_F(ReportsTest, LeavesDosOnlyWithABasis) {
  const std::string id = Recorded();
  EXPECT_EQ(ReasonOf(Send(Route(id, v1::POST_REPORT_ROUTE_HHS_CHILD)).status()), "FIELD_INVALID");
  v1::RoutePostReportRequest inside = ToHhs(id);
  inside.set_to(v1::POST_REPORT_ROUTE_PRM);
  EXPECT_EQ(ReasonOf(Send(inside).status()), "FIELD_INVALID");
  v1::RoutePostReportRequest under_consent = ToHhs(id);
  under_consent.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  under_consent.mutable_basis()->set_consent_id("cs-none");
  EXPECT_EQ(ReasonOf(Send(under_consent).status()), "CONSENT_UNKNOWN");
  EXPECT_TRUE(desk_.sent().empty());
  EXPECT_EQ(See(id, kConsular)->routings_size(), 0);
}

TEST_F(ReportsTest, ReferralInDangerIsDueWithinTwoHours) {
  v1::RecordPostReportRequest request = Report();
  request.set_danger_now(true);
  absl::StatusOr<v1::PostReport> report = Send(ToHhs(Recorded(request)));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(desk_.Referral(report->routings(0).referral_id()).due_time,
            desk_.clock().Now() + absl::Hours(2));
}

TEST_F(ReportsTest, TheNextMoveFollowsTheReferral) {
  const std::string id = Recorded();
  const std::string referral_id = Send(ToHhs(id))->routings(0).referral_id();
  EXPECT_EQ(List(kConsular, true).reports_size(), 0) << "HHS holds the next move";
  hhs::v1::ChildReferralOutcome outcome;
  outcome.set_in_care(true);
  ASSERT_TRUE(Step("hhs", referral_id, types::v1::TRANSITION_ANSWER, &outcome).ok());
  EXPECT_EQ(See(id, kConsular)->next_moves(0).holder(), kConsular);
  EXPECT_EQ(List(kConsular, true).reports_size(), 1);
}

TEST_F(ReportsTest, ListsWithoutContentNewestFirstAPageAtATime) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Recorded());
  v1::ListPostReportsResponse first = List(kConsular, false, 2);
  ASSERT_EQ(first.reports_size(), 2);
  EXPECT_EQ(first.reports(0).report_id(), ids[2]);
  EXPECT_TRUE(first.reports(0).circumstances().empty());
  EXPECT_EQ(first.reports(0).next_moves(0).holder(), kConsular);
  v1::ListPostReportsResponse second = List(kConsular, false, 2, first.next_page_token());
  ASSERT_EQ(second.reports_size(), 1);
  EXPECT_EQ(second.reports(0).report_id(), ids[0]);
  EXPECT_TRUE(second.next_page_token().empty());
}

TEST_F(ReportsTest, ListsWhatWaitsForTheUnit) {
  const std::string routed = Recorded();
  const std::string open = Recorded();
  ASSERT_TRUE(Send(Route(routed, v1::POST_REPORT_ROUTE_PRM)).ok());
  ASSERT_EQ(List(kConsular, true).reports_size(), 1);
  EXPECT_EQ(List(kConsular, true).reports(0).report_id(), open);
  EXPECT_EQ(List(kPrmUnit, true).reports_size(), 1);
  ASSERT_TRUE(Accept(routed, kPrmUnit).ok());
  EXPECT_EQ(List(kPrmUnit, true).reports_size(), 0);
  EXPECT_EQ(List(kPrmUnit).reports_size(), 1);
}

}  // namespace
}  // namespace waystation::dos
