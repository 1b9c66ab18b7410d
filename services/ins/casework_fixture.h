#ifndef WAYSTATION_SERVICES_INS_CASEWORK_FIXTURE_H_
#define WAYSTATION_SERVICES_INS_CASEWORK_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/casework/case_table.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "services/ins/decisions.h"
#include "services/ins/incoming.h"
#include "services/ins/petition_law.h"
#include "services/ins/petitions.h"
#include "services/ins/presences.h"
#include "services/ins/register.h"

namespace waystation::ins {

// INS at work on 9 January 2002; of the petitioner's units the FBI is federal law
// enforcement and the OVC is not.
//
// Single-threaded: the test.
class CaseworkTest : public testing::Test {
 protected:
  explicit CaseworkTest(bus::v1::Directory directory = MakeDirectory())
      : desk_("ins", {casework::CaseTable::schema(), Register::schema()}, std::move(directory)) {}

  // A bus of two agencies, as before HHS joined.
  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    bus::v1::Identity& doj = *directory.add_identities();
    doj.set_identity(agency::FakeDesk::IdentityOf("doj"));
    doj.add_units()->set_name("doj/ovc");
    bus::v1::Unit& fbi = *doj.add_units();
    fbi.set_name("doj/fbi");
    fbi.add_attributes("federal_lea");
    bus::v1::Identity& ins = *directory.add_identities();
    ins.set_identity(agency::FakeDesk::IdentityOf("ins"));
    ins.add_units()->set_name(std::string(kAdjudicator));
    return directory;
  }

  static agency::Officer Officer(const std::string& staff,
                                 const std::string& unit = std::string(kAdjudicator)) {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id(staff);
    officer.set_unit(unit);
    return officer;
  }

  static types::v1::Date Date(int year, int month, int day) {
    return agency::ToDate(absl::CivilDay(year, month, day));
  }

  static v1::ContinuedPresencePetition Body(const std::string& unit = "doj/fbi") {
    v1::ContinuedPresencePetition body;
    body.set_unit(unit);
    body.set_case_number("31A-NY-1");
    body.set_kind(v1::PETITION_KIND_INITIAL);
    body.set_circumstances("needed for the trial");
    body.mutable_finding()->set_finding_id("fd-1");
    body.mutable_finding()->set_made_by_unit(unit);
    *body.mutable_finding()->mutable_made_on() = Date(2002, 1, 8);
    types::v1::SevereFormElements& elements = *body.mutable_finding()->mutable_elements();
    elements.set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
    elements.add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
    elements.add_means(types::v1::TRAFFICKING_MEANS_COERCION);
    elements.add_purposes(types::v1::LABOR_PURPOSE_PEONAGE);
    body.set_potential_witness_certified(true);
    *body.mutable_requested_from() = Date(2002, 1, 9);
    *body.mutable_requested_until() = Date(2003, 1, 9);
    return body;
  }

  static agency::CaseContent Request(const google::protobuf::Message& body,
                                     const std::string& unit = "doj/fbi") {
    agency::CaseContent content;
    content.set_from_unit(unit);
    content.set_to_unit(std::string(kAdjudicator));
    *content.add_officials() = Officer("agent-1", unit);
    content.set_person("pv-1");
    content.mutable_body()->PackFrom(body);
    return content;
  }

  // Brings a request and returns its referral.
  std::string Bring(const agency::CaseContent& content) {
    std::string id;
    EXPECT_TRUE(desk_
                    .Deliver("doj", content,
                             [&](const agency::CaseMessage& message, agency::Tx& tx) {
                               id = message.content.referral_id();
                               return OnCase(message, tx);
                             })
                    .ok());
    return id;
  }

  // The petitioner takes a step.
  absl::Status DojSteps(const std::string& referral_id, types::v1::Transition transition) {
    agency::CaseContent content = Request(Body());
    content.set_referral_id(referral_id);
    content.set_transition(transition);
    content.set_reason_text("charges were dropped");
    return desk_.Deliver("doj", content, OnCase);
  }

  v1::Petition Get(const std::string& referral_id) {
    absl::StatusOr<v1::Petition> petition;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      petition = ShowPetition(tx, referral_id);
                      return petition.status();
                    })
                    .ok());
    return *petition;
  }

  int64_t Version(const std::string& referral_id) {
    return static_cast<int64_t>(desk_.Referral(referral_id).version);
  }

  absl::Status TakeUp(const std::string& referral_id,
                      const agency::Officer& officer = Officer("adjudicator-1")) {
    v1::TakeUpPetitionRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(Version(referral_id));
    v1::TakeUpPetitionResponse out;
    return desk_.Write([&](agency::Tx& tx) { return TakeUpPetition(officer, request, tx, out); });
  }

  std::string TakenUp(const agency::CaseContent& content = Request(Body())) {
    std::string id = Bring(content);
    EXPECT_TRUE(TakeUp(id).ok());
    return id;
  }

  static v1::DecisionTerms Grant() {
    v1::DecisionTerms terms;
    terms.set_outcome(v1::DECISION_OUTCOME_GRANTED);
    terms.set_mechanism(v1::PRESENCE_MECHANISM_PAROLE);
    *terms.mutable_effective_date() = Date(2002, 1, 9);
    *terms.mutable_expires_on() = Date(2003, 1, 9);
    return terms;
  }

  absl::StatusOr<v1::Petition> Propose(const std::string& referral_id,
                                       const v1::DecisionTerms& terms,
                                       const std::string& staff = "adjudicator-1") {
    v1::ProposeDecisionRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(Version(referral_id));
    *request.mutable_terms() = terms;
    v1::ProposeDecisionResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return ProposeDecision(Officer(staff), request, desk_.random(), tx, out);
    }));
    return out.petition();
  }

  absl::StatusOr<v1::ConfirmDecisionResponse> Confirm(const std::string& referral_id,
                                                      const std::string& proposal_id,
                                                      const std::string& staff = "supervisor-1") {
    v1::ConfirmDecisionRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(Version(referral_id));
    request.set_proposal_id(proposal_id);
    v1::ConfirmDecisionResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return ConfirmDecision(Officer(staff), request, desk_.random(), tx, out);
    }));
    return out;
  }

  // Grants what `content` asks and returns the presence.
  v1::Presence Granted(const agency::CaseContent& content = Request(Body()),
                       const v1::DecisionTerms& terms = Grant()) {
    const std::string id = TakenUp(content);
    absl::StatusOr<v1::Petition> proposed = Propose(id, terms);
    EXPECT_TRUE(proposed.ok()) << proposed.status();
    auto confirmed = Confirm(id, proposed->proposal().proposal_id());
    EXPECT_TRUE(confirmed.ok()) << confirmed.status();
    return confirmed->presence();
  }

  std::vector<v1::Presence> Presences(v1::PresenceState state = v1::PRESENCE_STATE_UNSPECIFIED) {
    v1::ListPresencesRequest request;
    if (state != v1::PRESENCE_STATE_UNSPECIFIED) request.add_states(state);
    v1::ListPresencesResponse out;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      return ListPresences(Officer("adjudicator-1"), request, tx, out);
                    })
                    .ok());
    return {out.presences().begin(), out.presences().end()};
  }

  static v1::EndPresenceRequest EndOf(const v1::Presence& presence) {
    v1::EndPresenceRequest request;
    request.set_presence_id(presence.presence_id());
    request.set_reason(v1::PRESENCE_END_REASON_NO_LONGER_NECESSARY);
    *request.mutable_ended_on() = Date(2002, 6, 1);
    return request;
  }

  absl::StatusOr<v1::Presence> End(const v1::EndPresenceRequest& request,
                                   const std::string& staff) {
    v1::EndPresenceResponse out;
    WS_RETURN_IF_ERROR(
        desk_.Write([&](agency::Tx& tx) { return EndPresence(Officer(staff), request, tx, out); }));
    return out.presence();
  }

  static v1::ContinuedPresencePetition Renewal(const std::string& prior) {
    v1::ContinuedPresencePetition body = Body();
    body.set_kind(v1::PETITION_KIND_RENEWAL);
    body.set_prior_presence_id(prior);
    *body.mutable_requested_until() = Date(2003, 7, 1);
    return body;
  }

  static v1::DecisionTerms Until(const types::v1::Date& last) {
    v1::DecisionTerms terms = Grant();
    *terms.mutable_expires_on() = last;
    return terms;
  }

  // Learns that the bus refused what was sent last.
  void LoseLast() {
    const agency::CaseMessage lost = desk_.RefuseLast();
    ASSERT_TRUE(desk_.Write([&](agency::Tx& tx) { return OnRefused(lost, tx); }).ok());
  }

  agency::FakeDesk desk_;
};

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_CASEWORK_FIXTURE_H_
