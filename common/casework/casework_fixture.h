#ifndef WAYSTATION_COMMON_CASEWORK_CASEWORK_FIXTURE_H_
#define WAYSTATION_COMMON_CASEWORK_CASEWORK_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/procedures/dol.h"
#include "common/procedures/dos.h"
#include "common/procedures/hhs.h"
#include "common/procedures/usaid.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/dos/v1/return.pb.h"
#include "waystation/hhs/v1/notices.pb.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::casework {

template <typename... P>
Procedures::List ListOf(std::unique_ptr<P>... one) {
  Procedures::List list;
  (list.push_back(std::move(one)), ...);
  return list;
}

inline std::unique_ptr<Procedure> Plain(const Contract& contract) {
  return std::make_unique<Procedure>(contract);
}

// Agencies at work on 9 January 2002, on desks that `Carry` joins.
//
// Single-threaded: the test.
class CaseworkTest : public testing::Test {
 protected:
  struct Office {
    Office(const std::string& name, Procedures::List list)
        : desk(name, {CaseTable::schema()}, Directory()), procedures(name, std::move(list)) {}

    agency::FakeDesk desk;
    Procedures procedures;
    size_t carried = 0;
  };

  static bus::v1::Directory Directory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    bus::v1::Identity& dol = *directory.add_identities();
    dol.set_identity(agency::FakeDesk::IdentityOf("dol"));
    for (const char* unit : {"dol/complaint-line", "dol/eta", "dol/inspector-general"}) {
      dol.add_units()->set_name(unit);
    }
    dol.mutable_units(2)->add_attributes("federal_lea");
    return directory;
  }

  Office& Open(const std::string& name, Procedures::List list) {
    return *offices_.emplace(name, std::make_unique<Office>(name, std::move(list))).first->second;
  }

  // Brings what each office sent to the one that it names, until nothing is under way.
  void Carry() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [name, office] : offices_) {
        while (office->carried < office->desk.sent().size()) {
          moved = true;
          const agency::CaseContent content = office->desk.sent()[office->carried++];
          const std::string to = content.to_unit().substr(0, content.to_unit().find('/'));
          if (content.transition() == types::v1::TRANSITION_REQUEST) {
            office->desk.Receive(content.referral_id());
          }
          EXPECT_TRUE(Bring(name, *offices_.at(to), content).ok());
        }
      }
    }
  }

  absl::Status Bring(const std::string& from, Office& to, const agency::CaseContent& content) {
    return to.desk.Deliver(from, content, [&](const agency::CaseMessage& m, agency::Tx& tx) {
      return OnCase(to.procedures, m, tx);
    });
  }

  static absl::Status SeesAll(const std::string&) { return absl::OkStatus(); }

  static agency::Officer Officer(const std::string& staff, const std::string& unit) {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id(staff);
    officer.set_unit(unit);
    return officer;
  }

  // One rpc on an office: `Call<v1::GetReferralResponse>(office, [&](Tx& tx, auto& out) {...})`.
  template <typename Response, typename Fn>
  absl::StatusOr<Response> Call(Office& office, Fn fn) {
    Response response;
    WS_RETURN_IF_ERROR(office.desk.Write([&](agency::Tx& tx) { return fn(tx, response); }));
    return response;
  }

  absl::StatusOr<v1::Referral> Get(Office& office, const std::string& id, const std::string& unit) {
    v1::GetReferralRequest request;
    request.set_referral_id(id);
    auto got = Call<v1::GetReferralResponse>(office, [&](agency::Tx& tx, auto& out) {
      return GetReferral(office.procedures, Officer("reader", unit), request, tx, out);
    });
    WS_RETURN_IF_ERROR(got.status());
    return got->referral();
  }

  absl::StatusOr<v1::Referral> Step(Office& office, v1::StepReferralRequest request,
                                    const std::string& unit) {
    request.set_expected_version(
        static_cast<int64_t>(office.desk.Referral(request.referral_id()).version));
    auto done = Call<v1::StepReferralResponse>(office, [&](agency::Tx& tx, auto& out) {
      return StepReferral(office.procedures, Officer("worker-1", unit), request, tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }

  absl::StatusOr<v1::Referral> Step(Office& office, const std::string& id,
                                    types::v1::Transition transition, const std::string& unit) {
    v1::StepReferralRequest request;
    request.set_referral_id(id);
    request.set_transition(transition);
    return Step(office, request, unit);
  }

  absl::StatusOr<v1::Referral> Answer(Office& office, const std::string& id,
                                      const google::protobuf::Message& body,
                                      const std::string& unit,
                                      const std::string& staff = "worker-1") {
    v1::ProposeAnswerRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(office.desk.Referral(id).version));
    request.mutable_body()->PackFrom(body);
    auto done = Call<v1::ProposeAnswerResponse>(office, [&](agency::Tx& tx, auto& out) {
      return ProposeAnswer(office.procedures, Officer(staff, unit), request, office.desk.random(),
                           tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }

  absl::StatusOr<v1::Referral> Ask(Office& office, v1::OpenReferralRequest request) {
    auto done = Call<v1::OpenReferralResponse>(office, [&](agency::Tx& tx, auto& out) {
      return OpenReferral(office.procedures, Officer("asker-1", request.from_unit()), request, tx,
                          out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }

  absl::StatusOr<v1::Consent> Consent(Office& office, v1::RecordConsentRequest request) {
    auto done = Call<v1::RecordConsentResponse>(office, [&](agency::Tx& tx, auto& out) {
      return RecordConsent(Officer("asker-1", "hhs/orr"), request, office.desk.random(), tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->consent();
  }

  // The person's consent to services at DOL and a return by DOS and USAID.
  v1::RecordConsentRequest ConsentRequest(Office& office) {
    v1::RecordConsentRequest request;
    request.set_person("pv-1");
    request.mutable_scope()->add_purposes(referral::v1::CONSENT_PURPOSE_SERVICES);
    request.mutable_scope()->add_purposes(referral::v1::CONSENT_PURPOSE_RETURN);
    for (const char* one : {"dol", "dos", "usaid"}) request.mutable_scope()->add_agencies(one);
    *request.mutable_scope()->mutable_valid_until() =
        agency::ToProtoTime(office.desk.clock().Now() + absl::Hours(24 * 100));
    request.set_given_by(referral::v1::CONSENT_GIVER_PERSON);
    *request.mutable_given_on() = agency::ToDate(absl::CivilDay(2002, 1, 9));
    return request;
  }

  static v1::OpenReferralRequest Request(const std::string& to_unit, const std::string& consent_id,
                                         const google::protobuf::Message& body) {
    v1::OpenReferralRequest request;
    request.set_from_unit("hhs/orr");
    request.set_to_unit(to_unit);
    request.set_person("pv-1");
    request.mutable_body()->PackFrom(body);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    request.mutable_basis()->set_consent_id(consent_id);
    return request;
  }

  static dol::v1::ServicesReferral Services() {
    dol::v1::ServicesReferral body;
    body.add_services(dol::v1::SERVICE_KIND_JOB_TRAINING);
    return body;
  }

  static dol::v1::ServicesOutcome Completed() {
    dol::v1::ServicesOutcome answer;
    dol::v1::ServiceOutcome& one = *answer.add_outcomes();
    one.set_service(dol::v1::SERVICE_KIND_JOB_TRAINING);
    one.set_outcome(dol::v1::SERVICES_OUTCOME_KIND_COMPLETED);
    return answer;
  }

  std::map<std::string, std::unique_ptr<Office>> offices_;
};

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_CASEWORK_FIXTURE_H_
