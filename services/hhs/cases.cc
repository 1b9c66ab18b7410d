#include "services/hhs/cases.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/agency/automatic.h"
#include "common/agency/fields.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/referrals.h"
#include "common/casework/sending.h"
#include "common/ids/handle.h"
#include "common/procedures/doj.h"
#include "common/procedures/form.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "services/hhs/case_law.h"
#include "services/hhs/register.h"
#include "services/hhs/standing.h"
#include "waystation/doj/v1/consultation.pb.h"

namespace waystation::hhs {
namespace {

using agency::BadField;
using agency::CheckText;
using agency::CheckToken;
using agency::DayOf;
using agency::Officer;
using agency::Tx;
using v1::CertificationCase;

constexpr char kList = 'h';

void TakeDoor(v1::CaseDoor door, std::string_view referral_id, const Officer& by,
              CertificationCase& one) {
  one.set_door(door);
  one.set_door_referral_id(std::string(referral_id));
  *one.mutable_opened_by() = by;
}

CertificationCase NewCase(std::string_view person, const RandomSource& random, const Tx& tx) {
  CertificationCase one;
  one.set_case_id(NewHandle("cc", random));
  one.set_person(std::string(person));
  *one.mutable_opened_at() = agency::ToProtoTime(tx.now());
  return one;
}

// The person's case, when its door holds; the one to take over, when it does not; or a new one.
struct Found {
  CertificationCase one;
  bool holds = false;
};

absl::StatusOr<Found> Find(const std::string& person, const RandomSource& random, Tx& tx) {
  WS_ASSIGN_OR_RETURN(std::optional<CertificationCase> found, Register(tx.db()).FindPerson(person));
  if (!found.has_value()) return Found{NewCase(person, random, tx), false};
  WS_ASSIGN_OR_RETURN(bool holds, DoorHolds(*found, tx));
  return Found{*std::move(found), holds};
}

absl::Status CheckPersonsDoor(v1::CaseDoor door) {
  if (door == v1::CASE_DOOR_AGENCY || door == v1::CASE_DOOR_NGO || door == v1::CASE_DOOR_SELF) {
    return absl::OkStatus();
  }
  return BadField("door", "not a door that an officer opens", absl::StrCat(door),
                  "AGENCY, NGO or SELF");
}

absl::Status CheckClass(v1::ImmigrationClass immigration_class) {
  if (v1::ImmigrationClass_IsValid(immigration_class)) return absl::OkStatus();
  return BadField("immigration_class", "not a value", absl::StrCat(immigration_class),
                  "a known one");
}

// OpenCase and RecordFacts alike.
template <typename Request>
absl::Status SetFacts(const Request& request, const Officer& officer, absl::CivilDay today,
                      CertificationCase& one) {
  WS_RETURN_IF_ERROR(procedures::CheckAge(request, today));
  WS_RETURN_IF_ERROR(CheckClass(request.immigration_class()));
  *one.mutable_age() = request.age();
  one.set_immigration_class(request.immigration_class());
  *one.mutable_facts_recorded_by() = officer;
  return absl::OkStatus();
}

absl::StatusOr<CertificationCase> Load(const Officer& officer, std::string_view case_id, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckOrr(officer));
  WS_RETURN_IF_ERROR(CheckToken("case_id", case_id, 64, "-"));
  return Register(tx.db()).GetCase(case_id);
}

absl::StatusOr<CertificationCase> SaveAndShow(CertificationCase one, Tx& tx) {
  WS_RETURN_IF_ERROR(SaveChanged(one, tx));
  WS_ASSIGN_OR_RETURN(CertificationCase shown, Show(std::move(one), tx));
  WS_RETURN_IF_ERROR(ReportStanding(shown, tx));
  return shown;
}

absl::StatusOr<CertificationCase> CaseByDoor(const Officer& officer, const std::string& person,
                                             v1::CaseDoor door, const RandomSource& random,
                                             Tx& tx) {
  WS_ASSIGN_OR_RETURN(Found found, Find(person, random, tx));
  if (found.holds) {
    return Refusal(absl::StatusCode::kAlreadyExists, "CASE_EXISTS",
                   Problem("person", "has a case", Quoted(found.one.case_id()), "that case"));
  }
  TakeDoor(door, "", officer, found.one);
  return std::move(found.one);
}

absl::StatusOr<std::string> BasisText(const CertificationCase& one, Tx& tx) {
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(one, tx));
  const statute::StatusBasis* basis = statute::BasisOn(facts.bases, DayOf(tx.now()));
  if (basis == nullptr) return std::string();
  return absl::StrCat(basis->kind == statute::StatusBasis::Kind::kContinuedPresence
                          ? "continued presence "
                          : "bona fide T application ",
                      basis->reference);
}

}  // namespace

absl::Status CheckOrr(const Officer& officer) {
  return casework::CheckOwnUnit(officer, procedures::kOrr);
}

absl::Status SaveChanged(CertificationCase& one, Tx& tx) {
  *one.mutable_changed_at() = agency::ToProtoTime(tx.now());
  return Register(tx.db()).SaveCase(one);
}

absl::StatusOr<CertificationCase> CaseFor(const Opening& opening, const RandomSource& random,
                                          Tx& tx) {
  WS_ASSIGN_OR_RETURN(Found found, Find(opening.person, random, tx));
  const bool waits =
      found.one.door() == v1::CASE_DOOR_CHILD_REFERRAL && opening.door == found.one.door();
  if (found.holds || waits) return std::move(found.one);
  TakeDoor(opening.door, opening.referral_id,
           agency::Automatic("Office of Refugee Resettlement", opening.title, procedures::kOrr),
           found.one);
  return std::move(found.one);
}

void LearnAge(const types::v1::PersonAge& age, CertificationCase& one) {
  const bool known = age.has_birth_date() || age.bracket() != types::v1::AGE_BRACKET_UNSPECIFIED;
  if (known && !one.has_facts_recorded_by()) *one.mutable_age() = age;
}

absl::Status OpenCase(const Officer& officer, const v1::OpenCaseRequest& request,
                      const RandomSource& random, Tx& tx, v1::OpenCaseResponse& response) {
  WS_RETURN_IF_ERROR(CheckOrr(officer));
  WS_RETURN_IF_ERROR(CheckPersonsDoor(request.door()));
  std::string person = request.person();
  if (person.empty()) person = NewHandle("pv", random);
  WS_RETURN_IF_ERROR(agency::CheckPerson(person));
  WS_ASSIGN_OR_RETURN(CertificationCase one,
                      CaseByDoor(officer, person, request.door(), random, tx));
  WS_RETURN_IF_ERROR(SetFacts(request, officer, DayOf(tx.now()), one));
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), SaveAndShow(std::move(one), tx));
  return absl::OkStatus();
}

absl::Status RecordFacts(const Officer& officer, const v1::RecordFactsRequest& request, Tx& tx,
                         v1::RecordFactsResponse& response) {
  WS_ASSIGN_OR_RETURN(CertificationCase one, Load(officer, request.case_id(), tx));
  WS_RETURN_IF_ERROR(SetFacts(request, officer, DayOf(tx.now()), one));
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), SaveAndShow(std::move(one), tx));
  return absl::OkStatus();
}

absl::Status RecordWillingness(const Officer& officer, const v1::RecordWillingnessRequest& request,
                               Tx& tx, v1::RecordWillingnessResponse& response) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_RETURN_IF_ERROR(CheckText("statement", request.statement(), {1, 2'000}));
  WS_ASSIGN_OR_RETURN(absl::CivilDay stated_on, agency::ToDay("stated_on", request.stated_on()));
  if (stated_on > today) {
    return BadField("stated_on", "in the future", statute::DayText(stated_on), "today or earlier");
  }
  WS_ASSIGN_OR_RETURN(CertificationCase one, Load(officer, request.case_id(), tx));
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(one, tx));
  WS_RETURN_IF_ERROR(statute::CheckCooperationAsked(facts.age, today));
  v1::WillingnessStatement& statement = *one.add_willingness();
  statement.set_willing(request.willing());
  statement.set_statement(request.statement());
  *statement.mutable_stated_on() = request.stated_on();
  *statement.mutable_recorded_by() = officer;
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), SaveAndShow(std::move(one), tx));
  return absl::OkStatus();
}

absl::Status ConsultAttorneyGeneral(const casework::Procedure& consultation, const Officer& officer,
                                    const v1::ConsultAttorneyGeneralRequest& request, Tx& tx,
                                    v1::ConsultAttorneyGeneralResponse& response) {
  WS_ASSIGN_OR_RETURN(CertificationCase one, Load(officer, request.case_id(), tx));
  WS_RETURN_IF_ERROR(CheckConsultable(one, tx));
  doj::v1::Consultation body;
  body.set_certification_case_id(one.case_id());
  body.set_willingness(LatestStatement(one)->statement());
  WS_ASSIGN_OR_RETURN(*body.mutable_basis(), BasisText(one, tx));
  casework::Ask ask{std::string(procedures::kOrr),
                    std::string(procedures::kAttorneyGeneral),
                    one.person(),
                    &body,
                    {officer},
                    {}};
  ask.basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  ask.basis.set_citation(std::string(statute::kAttorneyGeneralConsulted.citation.section));
  WS_RETURN_IF_ERROR(casework::SendAsk(consultation, ask, tx).status());
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), Show(std::move(one), tx));
  return absl::OkStatus();
}

absl::Status GetCase(const Officer& officer, const v1::GetCaseRequest& request, Tx& tx,
                     v1::GetCaseResponse& response) {
  CertificationCase one;
  if (request.which_case() == v1::GetCaseRequest::kPerson) {
    WS_RETURN_IF_ERROR(CheckOrr(officer));
    WS_RETURN_IF_ERROR(agency::CheckPerson(request.person()));
    WS_ASSIGN_OR_RETURN(std::optional<CertificationCase> found,
                        Register(tx.db()).FindPerson(request.person()));
    if (!found.has_value()) {
      return Refusal(absl::StatusCode::kNotFound, "CASE_UNKNOWN",
                     Problem("case", "the person has none here"));
    }
    one = *std::move(found);
  } else {
    WS_ASSIGN_OR_RETURN(one, Load(officer, request.case_id(), tx));
  }
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), Show(std::move(one), tx));
  for (v1::LetterRecord& letter : *response.mutable_certification_case()->mutable_letters()) {
    WS_ASSIGN_OR_RETURN(std::vector<v1::Verification> all,
                        Register(tx.db()).Verifications(letter.number()));
    letter.mutable_verifications()->Assign(all.begin(), all.end());
  }
  return absl::OkStatus();
}

absl::Status ListCases(const Officer& officer, const v1::ListCasesRequest& request, Tx& tx,
                       v1::ListCasesResponse& response) {
  WS_RETURN_IF_ERROR(CheckOrr(officer));
  WS_ASSIGN_OR_RETURN(agency::PageAsked page,
                      agency::ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Register(tx.db()).ListCases(before, limit);
  };
  auto keep = [&](const CertificationCase& one) -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(CertificationCase shown, Show(one, tx));
    const std::string& wanted = request.next_move_agency();
    if (!wanted.empty() && shown.next_move().agency() != wanted) return false;
    *response.add_cases() = std::move(shown);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                      agency::FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

}  // namespace waystation::hhs
