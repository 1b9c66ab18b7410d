#include "services/hhs/procedures.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/identity_text.h"
#include "common/casework/sending.h"
#include "common/procedures/doj.h"
#include "common/procedures/dol.h"
#include "common/procedures/dos.h"
#include "common/procedures/hhs.h"
#include "common/procedures/ins.h"
#include "common/status/status.h"
#include "common/statute/certification.h"
#include "services/hhs/case_law.h"
#include "services/hhs/cases.h"
#include "services/hhs/letter_number.h"
#include "services/hhs/letters.h"
#include "services/hhs/register.h"
#include "services/hhs/standing.h"
#include "waystation/doj/v1/consultation.pb.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::hhs {
namespace {

using agency::Tx;
using casework::Body;
using casework::Case;
using casework::Procedure;
using google::protobuf::Message;
using statute::Broken;
using v1::CertificationCase;

using BrokenRules = absl::StatusOr<std::vector<Broken>>;

void AddFact(const v1::StatusNotice& notice, const std::string& referral_id,
             CertificationCase& one) {
  v1::StatusFact& fact = *one.add_status();
  fact.set_event(notice.event());
  fact.set_reference(notice.reference());
  *fact.mutable_event_on() = notice.event_on();
  if (notice.event() == v1::STATUS_EVENT_PRESENCE_GRANTED) {
    *fact.mutable_expires_on() = notice.expires_on();
  }
  fact.set_referral_id(referral_id);
}

class StatusNoticeProcedure : public Procedure {
 public:
  explicit StatusNoticeProcedure(RandomSource random)
      : Procedure(procedures::StatusNotice()), random_(std::move(random)) {}

  // A letter rests on these words: an enforcement unit's are not taken, nor
  // those of another agency.
  BrokenRules Bars(const Case& one, Tx&) const override {
    const std::string& unit = one.referral.from_unit();
    if (agency::AgencyOf(one.other) == "ins" && unit == kAdjudicator) return std::vector<Broken>();
    const statute::Rule& rule = statute::kNoticeFromAdjudicator;
    return std::vector<Broken>{
        {&rule, statute::Refuse(rule, "status notice", "not from the unit that adjudicates",
                                Quoted(unit), kAdjudicator)}};
  }

  absl::Status OnRequest(const Case& one, Tx& tx) const override {
    const auto& notice = Body<v1::StatusNotice>(one.request);
    WS_ASSIGN_OR_RETURN(
        CertificationCase filed,
        CaseFor({one.person(), v1::CASE_DOOR_STATUS_NOTICE, one.id(), kTitle}, random_, tx));
    AddFact(notice, one.id(), filed);
    LearnAge(notice.age(), filed);
    WS_RETURN_IF_ERROR(SaveChanged(filed, tx));
    WS_RETURN_IF_ERROR(RejudgeLetters(filed, tx));
    WS_ASSIGN_OR_RETURN(const CertificationCase shown, Show(filed, tx));
    WS_RETURN_IF_ERROR(ReportStanding(shown, tx));
    v1::StatusNoticeRecorded answer;
    answer.set_certification_case_id(filed.case_id());
    return casework::AnswerByRule(*this, one.id(), answer, "Office of Refugee Resettlement", kTitle,
                                  tx);
  }

 private:
  static constexpr char kTitle[] = "Due notice, filed by rule";
  const RandomSource random_;
};

// The case is there from receipt, so that nobody is lost before take-up; no
// letter comes of it until then (DoorHolds).
class ChildProcedure : public Procedure {
 public:
  explicit ChildProcedure(RandomSource random)
      : Procedure(procedures::ChildToHhs()), random_(std::move(random)) {}

  absl::Status OnRequest(const Case& one, Tx& tx) const override {
    WS_ASSIGN_OR_RETURN(CertificationCase filed,
                        CaseFor({one.person(), v1::CASE_DOOR_CHILD_REFERRAL, one.id(),
                                 "Child's referral, filed by rule"},
                                random_, tx));
    LearnAge(Body<v1::ChildReferral>(one.request).age(), filed);
    return SaveChanged(filed, tx);
  }

 private:
  const RandomSource random_;
};

class InformationProcedure : public Procedure {
 public:
  InformationProcedure() : Procedure(procedures::InformationFromHhs()) {}

  // What a unit is stands in the directory under the verified sender, never in
  // the message.
  BrokenRules Bars(const Case& one, Tx& tx) const override {
    const auto& request = Body<v1::InformationRequest>(one.request);
    std::vector<Broken> broken;
    if (request.kind() != v1::INFORMATION_KIND_SERVICE_CONTENT) return broken;
    if (tx.directory() == nullptr) {
      return absl::UnavailableError("directory: not known yet, so no unit can be judged");
    }
    const std::string& unit = one.referral.from_unit();
    absl::Status open =
        statute::CheckServiceContentOpen(unit, tx.directory()->FindUnit(one.other, unit) != nullptr,
                                         tx.directory()->UnitHas(one.other, unit, "federal_lea"));
    if (!open.ok()) broken.push_back({&statute::kServiceContentClosed, std::move(open)});
    return broken;
  }
};

class ConsultationProcedure : public Procedure {
 public:
  ConsultationProcedure() : Procedure(procedures::AttorneyGeneralConsultation()) {}

  // However it is asked, ConsultAttorneyGeneral's rules hold: the body tells an
  // enforcement agency about a person.
  absl::Status CheckOpen(const Case& one, Tx& tx) const override {
    WS_ASSIGN_OR_RETURN(CertificationCase about, About(one, tx));
    if (about.person() == one.person()) return CheckConsultable(about, tx);
    return Refusal(absl::StatusCode::kNotFound, "CASE_UNKNOWN",
                   Problem("certification_case_id", "not the person's case"));
  }

  absl::Status OnEnded(const Case& one, const Message* answer, Tx& tx) const override {
    if (answer == nullptr) return absl::OkStatus();
    WS_ASSIGN_OR_RETURN(CertificationCase about, About(one, tx));
    const auto& said = Body<doj::v1::ConsultationAnswer>(*answer);
    v1::ConsultationRecord& consultation = *about.add_consultations();
    consultation.set_referral_id(one.id());
    consultation.set_view(said.view());
    consultation.set_comment(said.comment());
    *consultation.mutable_answered_on() = agency::ToDate(agency::DayOf(tx.now()));
    return SaveChanged(about, tx);
  }

 private:
  static absl::StatusOr<CertificationCase> About(const Case& one, Tx& tx) {
    const auto& body = Body<doj::v1::Consultation>(one.request);
    return Register(tx.db()).GetCase(body.certification_case_id());
  }
};

class ServicesProcedure : public Procedure {
 public:
  ServicesProcedure() : Procedure(procedures::OneStopServices()) {}

  // A letter is not needed; one that is named is the person's own.
  absl::Status CheckOpen(const Case& one, Tx& tx) const override {
    const std::string& number = Body<dol::v1::ServicesReferral>(one.request).letter_number();
    if (number.empty()) return absl::OkStatus();
    WS_RETURN_IF_ERROR(CheckLetterNumber(number));
    WS_ASSIGN_OR_RETURN(record::StoredLetter letter, Register(tx.db()).GetLetter(number));
    WS_ASSIGN_OR_RETURN(CertificationCase owner, Register(tx.db()).GetCase(letter.case_id()));
    if (owner.person() == one.person()) return absl::OkStatus();
    return Refusal(absl::StatusCode::kNotFound, "LETTER_UNKNOWN",
                   Problem("letter_number", "not the person's letter"));
  }
};

}  // namespace

casework::Procedures MakeProcedures(const RandomSource& random) {
  casework::Procedures::List list;
  list.push_back(std::make_unique<StatusNoticeProcedure>(random));
  list.push_back(std::make_unique<ChildProcedure>(random));
  list.push_back(std::make_unique<InformationProcedure>());
  list.push_back(std::make_unique<ConsultationProcedure>());
  list.push_back(std::make_unique<ServicesProcedure>());
  list.push_back(std::make_unique<Procedure>(procedures::SafeReturn()));
  // HHS may not petition; INS says so, with the citation, and answers for it.
  list.push_back(std::make_unique<Procedure>(procedures::ContinuedPresence()));
  return casework::Procedures("hhs", std::move(list));
}

}  // namespace waystation::hhs
