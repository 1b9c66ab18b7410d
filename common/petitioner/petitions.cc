#include "common/petitioner/petitions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/agency/due.h"
#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/inbox.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/referrals.h"
#include "common/petitioner/casebook.h"
#include "common/petitioner/intakes.h"
#include "common/petitioner/petition_law.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"

namespace waystation::petitioner {
namespace {

using agency::CheckPerson;
using agency::CheckReferralId;
using agency::CheckStates;
using agency::CheckText;
using agency::CheckToken;
using agency::CheckUnit;
using agency::CheckVersion;
using agency::DayOf;
using agency::FillPage;
using agency::Officer;
using agency::PageAsked;
using agency::ReadPage;
using agency::ReferralView;
using agency::TextLimits;
using agency::ToDay;
using agency::Tx;

constexpr TextLimits kReason{1, 4'000};
constexpr size_t kPresenceIdBytesMax = 64;
constexpr char kList = 'p';

// One petition on its way out.
struct Filing {
  const Officer* officer;
  std::string to_unit;
  v1::Petition petition;  // Without what the bus and INS add.
  std::vector<v1::Warning> warnings;
  std::optional<absl::Time> needed_by;  // Sooner than the policy's due time.
};

ins::v1::ContinuedPresencePetition Ask(std::string_view unit, const v1::PetitionRequestTerms& terms,
                                       const v1::Intake& intake, const v1::Finding& finding) {
  ins::v1::ContinuedPresencePetition ask;
  ask.set_unit(std::string(unit));
  ask.set_case_number(terms.case_number());
  ask.set_kind(ins::v1::PETITION_KIND_INITIAL);
  ask.set_mechanism_suggested(terms.mechanism_suggested());
  ask.set_circumstances(terms.circumstances());
  ask.mutable_finding()->set_finding_id(finding.finding_id());
  ask.mutable_finding()->set_made_by_unit(finding.unit());
  *ask.mutable_finding()->mutable_made_on() = finding.made_on();
  *ask.mutable_finding()->mutable_elements() = finding.elements();
  ask.set_potential_witness_certified(terms.potential_witness_certified());
  *ask.mutable_requested_from() = terms.requested_from();
  *ask.mutable_requested_until() = terms.requested_until();
  if (intake.has_age()) *ask.mutable_age() = intake.age();
  return ask;
}

agency::CaseContent ContentOf(const Filing& filing) {
  agency::CaseContent content;
  content.set_from_unit(filing.petition.unit());
  content.set_to_unit(filing.to_unit);
  *content.add_officials() = *filing.officer;
  content.set_person(filing.petition.person());
  content.mutable_disclosure_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  content.mutable_disclosure_basis()->set_citation(std::string(statute::kContinuedPresenceSection));
  content.mutable_body()->PackFrom(filing.petition.content());
  return content;
}

absl::StatusOr<v1::Petition> Load(const Petitioner& petitioner, const Officer& officer,
                                  std::string_view referral_id, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckReferralId(referral_id));
  WS_ASSIGN_OR_RETURN(v1::Petition petition, Casebook(tx.db()).GetPetition(referral_id));
  if (!petitioner.Sees(officer, petition.unit())) return NotHere("REFERRAL_UNKNOWN", "referral");
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(referral_id));
  agency::FillHandoff(view, petition);
  return petition;
}

absl::Status Send(const Petitioner& petitioner, Filing filing, Tx& tx, v1::Petition& out) {
  v1::Petition& petition = filing.petition;
  petition.mutable_warnings()->Assign(filing.warnings.begin(), filing.warnings.end());
  *petition.mutable_filed_by() = *filing.officer;
  *petition.mutable_filed_at() = agency::ToProtoTime(tx.now());
  Tx::Request request;
  request.target = "ins";
  request.content = ContentOf(filing);
  WS_RETURN_IF_ERROR(agency::SetDue(petitioner.due, filing.needed_by, tx.now(), request));
  bool renewal = petition.content().kind() == ins::v1::PETITION_KIND_RENEWAL;
  request.procedure = renewal ? "continued presence, renewal" : "continued presence, initial";
  WS_ASSIGN_OR_RETURN(*petition.mutable_referral_id(), tx.SendRequest(request));
  WS_RETURN_IF_ERROR(Casebook(tx.db()).AddPetition(petition));
  WS_ASSIGN_OR_RETURN(out, Load(petitioner, *filing.officer, petition.referral_id(), tx));
  return absl::OkStatus();
}

// The part that first petitions and renewals share. `prior`: null for a first.
struct Asked {
  std::string_view unit;
  std::string_view person;
  const v1::PetitionRequestTerms* terms;
  const v1::Petition* prior;
  bool acknowledged;
};

absl::StatusOr<Filing> Prepare(const Petitioner& petitioner, const Officer& officer,
                               const Asked& asked, Tx& tx) {
  Casebook book(tx.db());
  WS_ASSIGN_OR_RETURN(v1::Intake intake, SeenIntake(petitioner, officer, asked.person, tx));
  WS_ASSIGN_OR_RETURN(v1::Finding finding, OwnFinding(book, asked.person, asked.unit));
  WS_RETURN_IF_ERROR(CheckNoneOpen(tx, asked.person, asked.unit));
  Filing filing;
  filing.officer = &officer;
  filing.to_unit = std::string(kDefaultToUnit);
  filing.petition.set_person(std::string(asked.person));
  filing.petition.set_unit(std::string(asked.unit));
  *filing.petition.mutable_content() = Ask(asked.unit, *asked.terms, intake, finding);
  if (asked.prior != nullptr) {
    ins::v1::ContinuedPresencePetition& ask = *filing.petition.mutable_content();
    ask.set_kind(ins::v1::PETITION_KIND_RENEWAL);
    ask.set_prior_presence_id(asked.prior->decision().presence_id());
    filing.petition.set_renews_referral_id(asked.prior->referral_id());
  }
  WS_ASSIGN_OR_RETURN(filing.warnings, WarningsOf(petitioner, tx, asked.person,
                                                  filing.petition.content(), asked.prior));
  WS_RETURN_IF_ERROR(CheckAcknowledged(filing.warnings, asked.acknowledged));
  return filing;
}

absl::Status CheckRuns(const v1::Petition& granted, absl::CivilDay today) {
  const types::v1::Date& end =
      granted.has_ended() ? granted.ended().ended_on() : granted.decision().expires_on();
  WS_ASSIGN_OR_RETURN(absl::CivilDay last, ToDay("expires_on", end));
  if (!granted.has_ended() && last >= today) return absl::OkStatus();
  return statute::Refuse(statute::kPresenceNotEnded, "presence", "it has ended",
                         statute::DayText(last), "a presence that has not; else a first petition");
}

// The step that ends the petition, by who has it now.
types::v1::Transition CancelStep(const ReferralView& view) {
  return view.state == types::v1::REFERRAL_STATE_REQUESTED ? types::v1::TRANSITION_CANCEL
                                                           : types::v1::TRANSITION_ASK_TO_CANCEL;
}

}  // namespace

absl::Status FilePetition(const Petitioner& petitioner, const Officer& officer,
                          const v1::FilePetitionRequest& request, Tx& tx,
                          v1::FilePetitionResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(petitioner, officer, request.unit()));
  WS_RETURN_IF_ERROR(CheckTerms(request.terms()));
  if (!request.to_unit().empty()) {
    WS_RETURN_IF_ERROR(CheckUnit("to_unit", request.to_unit(), "ins"));
  }
  const Asked asked{request.unit(), request.person(), &request.terms(), nullptr,
                    request.acknowledge_warnings()};
  WS_ASSIGN_OR_RETURN(Filing filing, Prepare(petitioner, officer, asked, tx));
  if (!request.to_unit().empty()) filing.to_unit = request.to_unit();
  if (request.has_needed_by()) filing.needed_by = agency::FromProtoTime(request.needed_by());
  return Send(petitioner, std::move(filing), tx, *response.mutable_petition());
}

absl::Status RequestRenewal(const Petitioner& petitioner, const Officer& officer,
                            const v1::RequestRenewalRequest& request, Tx& tx,
                            v1::RequestRenewalResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(petitioner, officer, request.unit()));
  WS_RETURN_IF_ERROR(CheckToken("presence_id", request.presence_id(), kPresenceIdBytesMax, "-"));
  WS_RETURN_IF_ERROR(CheckTerms(request.terms()));
  WS_ASSIGN_OR_RETURN(v1::Petition prior,
                      Casebook(tx.db()).PetitionOfPresence(request.presence_id()));
  WS_RETURN_IF_ERROR(casework::CheckOwnUnit(officer, prior.unit()));
  WS_RETURN_IF_ERROR(CheckRuns(prior, DayOf(tx.now())));
  const Asked asked{request.unit(), prior.person(), &request.terms(), &prior,
                    request.acknowledge_warnings()};
  WS_ASSIGN_OR_RETURN(Filing filing, Prepare(petitioner, officer, asked, tx));
  return Send(petitioner, std::move(filing), tx, *response.mutable_petition());
}

absl::Status CancelPetition(const Petitioner& petitioner, const Officer& officer,
                            const v1::CancelPetitionRequest& request, Tx& tx,
                            v1::CancelPetitionResponse& response) {
  WS_RETURN_IF_ERROR(CheckText("reason", request.reason(), kReason));
  WS_RETURN_IF_ERROR(CheckVersion(request.expected_version()));
  WS_ASSIGN_OR_RETURN(v1::Petition petition, Load(petitioner, officer, request.referral_id(), tx));
  WS_RETURN_IF_ERROR(casework::CheckOwnUnit(officer, petition.unit()));
  WS_ASSIGN_OR_RETURN(ReferralView now, tx.Referral(request.referral_id()));
  WS_ASSIGN_OR_RETURN(
      ReferralView view,
      tx.ReferralForStep(request.referral_id(), request.expected_version(), CancelStep(now)));
  agency::CaseContent content;
  content.set_from_unit(petition.unit());
  content.set_to_unit(view.other_unit);
  *content.add_officials() = officer;
  content.set_person(petition.person());
  content.set_reason_text(request.reason());
  WS_RETURN_IF_ERROR(tx.SendTransition(request.referral_id(), CancelStep(view), content).status());
  WS_ASSIGN_OR_RETURN(*response.mutable_petition(),
                      Load(petitioner, officer, request.referral_id(), tx));
  return absl::OkStatus();
}

absl::Status GetPetition(const Petitioner& petitioner, const Officer& officer,
                         const v1::GetPetitionRequest& request, Tx& tx,
                         v1::GetPetitionResponse& response) {
  WS_ASSIGN_OR_RETURN(*response.mutable_petition(),
                      Load(petitioner, officer, request.referral_id(), tx));
  return absl::OkStatus();
}

bool IsFirstReading(const Officer& officer, const v1::Petition& petition, Tx& tx) {
  absl::StatusOr<ReferralView> view = tx.Referral(petition.referral_id());
  return view.ok() && view->unread && officer.unit() == petition.unit();
}

absl::Status ListPetitions(const Petitioner& petitioner, const Officer& officer,
                           const v1::ListPetitionsRequest& request, Tx& tx,
                           v1::ListPetitionsResponse& response) {
  WS_RETURN_IF_ERROR(CheckStates(request.states()));
  if (!request.person().empty()) WS_RETURN_IF_ERROR(CheckPerson(request.person()));
  WS_ASSIGN_OR_RETURN(PageAsked page, ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Casebook(tx.db()).Petitions(request.person(), before, limit);
  };
  auto keep = [&](v1::Petition& petition) -> absl::StatusOr<bool> {
    if (!petitioner.Sees(officer, petition.unit())) return false;
    WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(petition.referral_id()));
    const auto& states = request.states();
    if (!states.empty() && std::find(states.begin(), states.end(), view.state) == states.end()) {
      return false;
    }
    agency::FillHandoff(view, petition);
    petition.clear_content();
    *response.add_petitions() = std::move(petition);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(), FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

}  // namespace waystation::petitioner
