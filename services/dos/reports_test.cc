#include "services/dos/reports.h"

#include <string>
#include <vector>

#include "services/dos/desk_fixture.h"
#include "waystation/doj/v1/complaint.pb.h"
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

  static v1::RoutePostReportRequest ToDoj(const std::string& id) {
    v1::RoutePostReportRequest request = Route(id, v1::POST_REPORT_ROUTE_DOJ);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("TVPA 107(c)(1)");
    return request;
  }

  // The same on a consent of the person, for one purpose at one agency.
  v1::RoutePostReportRequest ToDojUnder(const v1::PostReport& report,
                                        referral::v1::ConsentPurpose purpose,
                                        const std::string& agency) {
    casework::v1::RecordConsentRequest consent;
    consent.set_person(report.person());
    consent.mutable_scope()->add_purposes(purpose);
    consent.mutable_scope()->add_agencies(agency);
    *consent.mutable_scope()->mutable_valid_until() =
        agency::ToProtoTime(desk_.clock().Now() + absl::Hours(24 * 90));
    consent.set_given_by(referral::v1::CONSENT_GIVER_PERSON);
    *consent.mutable_given_on() = Date(2002, 1, 9);
    casework::v1::RecordConsentResponse out;
    EXPECT_TRUE(desk_
                    .Write([&](agency::Tx& tx) {
                      return casework::RecordConsent(Officer(kConsular), consent, desk_.random(),
                                                     tx, out);
                    })
                    .ok());
    v1::RoutePostReportRequest request = Route(report.report_id(), v1::POST_REPORT_ROUTE_DOJ);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    request.mutable_basis()->set_consent_id(out.consent().consent_id());
    return request;
  }

  // A complaint that an officer opens by hand.
  absl::Status OpenByHand(const std::string& report_id, const std::string& person,
                          std::string_view unit = kConsular) {
    casework::v1::OpenReferralRequest request;
    request.set_from_unit(std::string(unit));
    request.set_to_unit("doj/worker-exploitation");
    request.set_person(person);
    doj::v1::ComplaintReferral body;
    body.set_call_id(report_id);
    body.set_circumstances("told otherwise");
    request.mutable_body()->PackFrom(body);
    *request.mutable_basis() = ToDoj(report_id).basis();
    casework::v1::OpenReferralResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::OpenReferral(procedures_, Officer(unit), request, tx, out);
    });
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

TEST_F(ReportsTest, SendsDojAllThatThePostReported) {
  v1::RecordPostReportRequest request = Report();
  *request.mutable_age()->mutable_birth_date() = Date(1984, 1, 10);
  request.set_danger_now(true);
  request.mutable_safe_contact()->set_way("line 1 of the section's book");
  request.mutable_safe_contact()->set_hours("mornings");
  request.mutable_safe_contact()->set_if_somebody_else_answers("hang up");
  const std::string id = Recorded(request);
  absl::StatusOr<v1::PostReport> report = Send(ToDoj(id));
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(desk_.sent().size(), 1u);
  const agency::CaseContent& asked = desk_.sent().back();
  EXPECT_EQ(asked.referral_id(), report->routings(0).referral_id());
  EXPECT_EQ(asked.from_unit(), kConsular);
  EXPECT_EQ(asked.to_unit(), "doj/worker-exploitation");
  EXPECT_EQ(asked.person(), report->person());
  EXPECT_EQ(asked.disclosure_basis().citation(), "TVPA 107(c)(1)");
  doj::v1::ComplaintReferral want;
  want.set_call_id(id);
  want.set_circumstances(request.circumstances());
  want.set_language("ro");
  *want.mutable_age() = request.age();
  want.set_danger_now(true);
  *want.mutable_safe_contact() = request.safe_contact();
  doj::v1::ComplaintReferral body;
  ASSERT_TRUE(asked.body().UnpackTo(&body));
  EXPECT_EQ(body.SerializeAsString(), want.SerializeAsString());
  EXPECT_EQ(desk_.Referral(asked.referral_id()).due_time, desk_.clock().Now() + absl::Hours(2));
}

TEST_F(ReportsTest, SendsDojNoPlanWhereNobodyMayCallBack) {
  const std::string id = Recorded();
  absl::StatusOr<v1::PostReport> report = Send(ToDoj(id));
  ASSERT_TRUE(report.ok()) << report.status();
  doj::v1::ComplaintReferral body;
  ASSERT_TRUE(desk_.sent().back().body().UnpackTo(&body));
  EXPECT_FALSE(body.has_safe_contact());
  EXPECT_FALSE(body.has_age()) << "unknown";
  EXPECT_FALSE(body.danger_now());
  EXPECT_GT(desk_.Referral(report->routings(0).referral_id()).due_time,
            desk_.clock().Now() + absl::Hours(2));
}

TEST_F(ReportsTest, APersonOfAnyAgeMayGoToDoj) {
  v1::RecordPostReportRequest request = Report();
  EXPECT_TRUE(Send(ToDoj(Recorded(request))).ok()) << "unknown age";
  for (int day : {9, 10}) {
    *request.mutable_age()->mutable_birth_date() = Date(1984, 1, day);
    EXPECT_TRUE(Send(ToDoj(Recorded(request))).ok()) << day;
  }
  EXPECT_EQ(desk_.sent().size(), 3u);
}

TEST_F(ReportsTest, GoesToDojOnlyOnABasisThatCoversIt) {
  const v1::PostReport report = *Record(Report());
  const std::string id = report.report_id();
  const v1::PostReport somebody = *Record(Report());
  const auto investigation = referral::v1::CONSENT_PURPOSE_INVESTIGATION;
  v1::RoutePostReportRequest of_another = ToDojUnder(somebody, investigation, "doj");
  of_another.set_report_id(id);
  EXPECT_EQ(ReasonOf(Send(Route(id, v1::POST_REPORT_ROUTE_DOJ)).status()), "FIELD_INVALID");
  for (const v1::RoutePostReportRequest& wrong :
       {ToDojUnder(report, referral::v1::CONSENT_PURPOSE_SERVICES, "doj"),
        ToDojUnder(report, investigation, "hhs"), of_another}) {
    EXPECT_EQ(ReasonOf(Send(wrong).status()), "CONSENT_NOT_COVERING");
  }
  v1::RoutePostReportRequest guardian = ToDoj(id);
  guardian.set_has_guardian(true);
  const absl::Status refused = Send(guardian).status();
  EXPECT_EQ(ReasonOf(refused), "FIELD_INVALID");
  EXPECT_THAT(refused.ToString(), HasSubstr("has_guardian"));
  EXPECT_EQ(ReasonOf(Send(ToDoj(id), kDiplomaticSecurity).status()), "UNIT_NOT_OWN");
  EXPECT_TRUE(desk_.sent().empty());
  EXPECT_EQ(See(id, kConsular)->routings_size(), 0);
  EXPECT_TRUE(Send(ToDojUnder(report, investigation, "doj")).ok());
  EXPECT_EQ(desk_.sent().back().disclosure_basis().scope_version(), 1);
}

TEST_F(ReportsTest, OtherUnitsDoNotSeeThatItWentToDoj) {
  const std::string id = Recorded();
  ASSERT_TRUE(Send(Route(id, v1::POST_REPORT_ROUTE_PRM)).ok());
  ASSERT_TRUE(Send(ToDoj(id)).ok());
  EXPECT_EQ(ReasonOf(See(id, kDiplomaticSecurity).status()), "REPORT_UNKNOWN");
  absl::StatusOr<v1::PostReport> prm = See(id, kPrmUnit);
  ASSERT_EQ(prm->routings_size(), 1);
  EXPECT_EQ(prm->routings(0).unit(), kPrmUnit);
  ASSERT_EQ(prm->next_moves_size(), 1);
  EXPECT_EQ(prm->next_moves(0).holder(), kPrmUnit);
  absl::StatusOr<v1::PostReport> own = See(id, kConsular);
  ASSERT_EQ(own->routings_size(), 2);
  EXPECT_EQ(own->next_moves(1).holder(), "doj/worker-exploitation");
  EXPECT_EQ(ReasonOf(Accept(id, kConsular).status()), "UNIT_NOT_OWN") << "DOJ takes it up itself";
}

TEST_F(ReportsTest, TheNextMoveFollowsTheComplaint) {
  const std::string id = Recorded();
  const std::string referral_id = Send(ToDoj(id))->routings(0).referral_id();
  EXPECT_EQ(List(kConsular, true).reports_size(), 0) << "DOJ holds the next move";
  doj::v1::ComplaintOutcome outcome;
  outcome.set_kind(doj::v1::COMPLAINT_OUTCOME_KIND_INTAKE_OPENED);
  outcome.set_unit("doj/fbi");
  ASSERT_TRUE(Step("doj", referral_id, types::v1::TRANSITION_ANSWER, &outcome).ok());
  EXPECT_EQ(See(id, kConsular)->next_moves(0).holder(), kConsular);
  EXPECT_EQ(List(kConsular, true).reports_size(), 1);
  EXPECT_EQ(ReasonOf(Send(ToDoj(id)).status()), "REPORT_ALREADY_ROUTED") << "answered";
  EXPECT_EQ(desk_.sent().size(), 1u);
}

TEST_F(ReportsTest, GoesToAnAgencyAgainOnlyWhenItCameBack) {
  for (const bool to_doj : {true, false}) {
    const std::string id = Recorded();
    const v1::RoutePostReportRequest route = to_doj ? ToDoj(id) : ToHhs(id);
    absl::StatusOr<v1::PostReport> first = Send(route);
    ASSERT_TRUE(first.ok()) << first.status();
    const size_t sent = desk_.sent().size();
    EXPECT_EQ(ReasonOf(Send(route).status()), "REPORT_ALREADY_ROUTED");
    EXPECT_EQ(desk_.sent().size(), sent);
    EXPECT_EQ(See(id, kConsular)->routings_size(), 1);
    const std::string referral_id = first->routings(0).referral_id();
    ASSERT_TRUE(Step(to_doj ? "doj" : "hhs", referral_id, types::v1::TRANSITION_RETURN).ok());
    absl::StatusOr<v1::PostReport> again = Send(route);
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(again->routings_size(), 2);
    EXPECT_NE(again->routings(1).referral_id(), referral_id);
    EXPECT_EQ(ReasonOf(Send(route).status()), "REPORT_ALREADY_ROUTED") << "the second stands";
  }
}

TEST_F(ReportsTest, NoComplaintLeavesButByItsReport) {
  const v1::PostReport report = *Record(Report());
  const std::string id = report.report_id();
  EXPECT_EQ(ReasonOf(OpenByHand(id, report.person())), "REPORT_RECORD_NEEDED");
  EXPECT_EQ(ReasonOf(OpenByHand("po-none", report.person())), "REPORT_UNKNOWN");
  EXPECT_EQ(ReasonOf(OpenByHand(id, report.person(), kPrmUnit)), "REPORT_UNKNOWN");
  EXPECT_TRUE(desk_.sent().empty());
  ASSERT_TRUE(Send(ToDoj(id)).ok());
  EXPECT_EQ(ReasonOf(OpenByHand(id, report.person())), "REPORT_RECORD_NEEDED") << "it has gone";
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
