#include "services/hhs/case_law.h"

#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/procedures/doj.h"
#include "common/procedures/hhs.h"
#include "common/referral/table.h"
#include "common/status/status.h"
#include "services/hhs/register.h"

namespace waystation::hhs {
namespace {

using agency::DayOf;
using agency::ToDay;
using agency::Tx;
using statute::StatusBasis;
using v1::CertificationCase;

StatusBasis::Kind KindOf(v1::StatusEvent event) {
  const bool presence =
      event == v1::STATUS_EVENT_PRESENCE_GRANTED || event == v1::STATUS_EVENT_PRESENCE_ENDED;
  return presence ? StatusBasis::Kind::kContinuedPresence : StatusBasis::Kind::kTApplication;
}

StatusBasis& BasisOf(const v1::StatusFact& fact, std::vector<StatusBasis>& bases) {
  for (StatusBasis& basis : bases) {
    if (basis.kind == KindOf(fact.event()) && basis.reference == fact.reference()) return basis;
  }
  return bases.emplace_back(StatusBasis{KindOf(fact.event()), fact.reference(), false, {}, {}});
}

// INS tells each time how its register stands: the last word on a reference counts,
// also one that takes an earlier word back.
absl::Status AddFact(const v1::StatusFact& fact, std::vector<StatusBasis>& bases) {
  StatusBasis& basis = BasisOf(fact, bases);
  basis.ended_on.reset();
  switch (fact.event()) {
    case v1::STATUS_EVENT_PRESENCE_GRANTED: {
      WS_ASSIGN_OR_RETURN(basis.last_day, ToDay("expires_on", fact.expires_on()));
      basis.granted = true;
      return absl::OkStatus();
    }
    case v1::STATUS_EVENT_T_APPLICATION_BONA_FIDE:
      basis.granted = true;
      return absl::OkStatus();
    default: {
      WS_ASSIGN_OR_RETURN(basis.ended_on, ToDay("event_on", fact.event_on()));
      return absl::OkStatus();
    }
  }
}

absl::StatusOr<bool> InError(const v1::StatusFact& fact, Tx& tx) {
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(fact.referral_id()));
  return view.state == types::v1::REFERRAL_STATE_ENTERED_IN_ERROR;
}

// One that the bus refused was never asked: it is in no state there.
bool Unanswered(types::v1::ReferralState state) {
  return state != types::v1::REFERRAL_STATE_UNSPECIFIED && !referral::IsFinal(state);
}

bool TakenUp(types::v1::ReferralState state) {
  return state == types::v1::REFERRAL_STATE_TAKEN_UP ||
         state == types::v1::REFERRAL_STATE_ON_HOLD ||
         state == types::v1::REFERRAL_STATE_CANCEL_ASKED ||
         state == types::v1::REFERRAL_STATE_ANSWERED;
}

// The person's newest referral of a kind in a state that `wanted` takes; empty when there is none.
absl::StatusOr<std::string> FindReferral(const std::string& person,
                                         const procedures::Contract& contract,
                                         bool (*wanted)(types::v1::ReferralState), Tx& tx) {
  constexpr int kMost = 200;
  WS_ASSIGN_OR_RETURN(auto rows, casework::CaseTable(tx.db()).Referrals(person, 0, kMost));
  for (const auto& [position, stored] : rows) {
    if (stored.referral().procedure() != contract.terms.name) continue;
    absl::StatusOr<agency::ReferralView> view = tx.Referral(stored.referral().referral_id());
    if (absl::IsNotFound(view.status())) continue;
    WS_RETURN_IF_ERROR(view.status());
    if (wanted(view->state)) return stored.referral().referral_id();
  }
  return std::string();
}

absl::Status CheckDoor(const CertificationCase& one, Tx& tx) {
  WS_ASSIGN_OR_RETURN(bool holds, DoorHolds(one, tx));
  if (holds) return absl::OkStatus();
  return statute::Refuse(statute::kCaseTakenUp, "case", "the child's referral is not taken up",
                         "none taken up", "a referral taken up, or another door");
}

bool Stands(const CertificationCase& shown, v1::LetterKind kind) {
  for (const v1::LetterRecord& letter : shown.letters()) {
    if (letter.kind() == kind && letter.state() == v1::LETTER_STATE_VALID) return true;
  }
  return false;
}

void AddMissing(const statute::Rule& rule, const absl::Status& status, CertificationCase& shown) {
  v1::MissingElement& missing = *shown.add_missing();
  missing.set_reason(std::string(rule.reason));
  missing.set_text(std::string(Std(status.message())));
  missing.set_citation(std::string(rule.citation.section));
}

absl::Status FillLetters(CertificationCase& shown, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto letters, Register(tx.db()).LettersOf(shown.case_id()));
  for (record::StoredLetter& stored : letters) {
    *shown.add_letters() = OnDay(std::move(*stored.mutable_record()), DayOf(tx.now()));
  }
  return absl::OkStatus();
}

void Hold(v1::NextMove& move, std::string_view unit, std::string_view what) {
  move.set_unit(std::string(unit));
  move.set_agency(std::string(unit.substr(0, unit.find('/'))));
  move.set_what(std::string(what));
}

// Who has the first missing element in hand.
absl::Status HoldMissing(const v1::MissingElement& missing, CertificationCase& shown, Tx& tx) {
  v1::NextMove& move = *shown.mutable_next_move();
  const std::string& reason = missing.reason();
  if (reason == statute::kCaseTakenUp.reason) {
    Hold(move, procedures::kOrr, "take the child's referral up, or open the case by another door");
  } else if (reason == statute::kWillingness.reason) {
    Hold(move, procedures::kOrr, "ask whether the person is willing, and record the statement");
  } else if (reason != statute::kAttorneyGeneralConsulted.reason) {
    Hold(move, kAdjudicator, "tell HHS of continued presence or of a bona fide T application");
  } else if (shown.open_consultation_referral_id().empty()) {
    Hold(move, procedures::kOrr, "consult the Attorney General");
  } else {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view,
                        tx.Referral(shown.open_consultation_referral_id()));
    Hold(move, procedures::kAttorneyGeneral, "answer the consultation");
    *move.mutable_since() = agency::ToProtoTime(view.since);
  }
  return absl::OkStatus();
}

// A presence ran out and INS said nothing: the letter stands, and INS has to speak.
absl::StatusOr<bool> BasisRanOut(const CertificationCase& shown, Tx& tx) {
  if (shown.letter_due() != v1::LETTER_KIND_CERTIFICATION) return false;
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(shown, tx));
  return statute::BasisOn(facts.bases, DayOf(tx.now())) == nullptr;
}

absl::Status FillNextMove(CertificationCase& shown, Tx& tx) {
  v1::NextMove& move = *shown.mutable_next_move();
  *move.mutable_since() = shown.changed_at();
  if (shown.letter_due() == v1::LETTER_KIND_UNSPECIFIED) {
    move.set_what("no letter is needed");
  } else if (Stands(shown, shown.letter_due())) {
    WS_ASSIGN_OR_RETURN(bool ran_out, BasisRanOut(shown, tx));
    move.set_what("the person has the letter");
    if (ran_out) Hold(move, kAdjudicator, "tell HHS whether the presence was renewed or has ended");
  } else if (!shown.missing().empty()) {
    return HoldMissing(shown.missing(0), shown, tx);
  } else if (shown.has_proposal()) {
    Hold(move, procedures::kOrr, "a second official confirms the letter");
  } else {
    Hold(move, procedures::kOrr, "propose the letter");
  }
  return absl::OkStatus();
}

absl::Status FillMissing(CertificationCase& shown, Tx& tx) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(shown, tx));
  if (!statute::CheckLetterNeeded(facts.immigration_class).ok()) return absl::OkStatus();
  const statute::LetterKind due = statute::LetterDue(facts.age, today);
  shown.set_letter_due(ToWire(due));
  if (Stands(shown, shown.letter_due())) return absl::OkStatus();
  absl::Status door = CheckDoor(shown, tx);
  if (!door.ok()) {
    if (ReasonOf(door) != statute::kCaseTakenUp.reason) return door;
    AddMissing(statute::kCaseTakenUp, door, shown);
  }
  for (const statute::Broken& broken : statute::LetterRefusals(facts, due, today)) {
    AddMissing(*broken.rule, broken.status, shown);
  }
  return absl::OkStatus();
}

}  // namespace

v1::LetterKind ToWire(statute::LetterKind kind) {
  return kind == statute::LetterKind::kCertification ? v1::LETTER_KIND_CERTIFICATION
                                                     : v1::LETTER_KIND_ELIGIBILITY;
}

const v1::WillingnessStatement* LatestStatement(const CertificationCase& one) {
  const v1::WillingnessStatement* latest = nullptr;
  auto day = [](const v1::WillingnessStatement& statement) {
    const types::v1::Date& on = statement.stated_on();
    return absl::CivilDay(on.year(), on.month(), on.day());
  };
  for (const v1::WillingnessStatement& statement : one.willingness()) {
    if (latest == nullptr || day(statement) >= day(*latest)) latest = &statement;
  }
  return latest;
}

absl::StatusOr<statute::LetterFacts> ToFacts(const CertificationCase& one, Tx& tx) {
  statute::LetterFacts facts;
  WS_ASSIGN_OR_RETURN(facts.age, agency::ToAge(one.age(), DayOf(tx.now())));
  facts.immigration_class = static_cast<statute::ImmigrationClass>(one.immigration_class());
  for (const v1::StatusFact& fact : one.status()) {
    WS_ASSIGN_OR_RETURN(bool in_error, InError(fact, tx));
    if (!in_error) WS_RETURN_IF_ERROR(AddFact(fact, facts.bases));
  }
  if (const v1::WillingnessStatement* latest = LatestStatement(one); latest != nullptr) {
    facts.willing = latest->willing();
  }
  facts.attorney_general_consulted = !one.consultations().empty();
  return facts;
}

absl::StatusOr<bool> DoorHolds(const CertificationCase& one, Tx& tx) {
  if (one.door() != v1::CASE_DOOR_CHILD_REFERRAL) return true;
  // Any of the person's: a second one may have come and been returned as a duplicate.
  WS_ASSIGN_OR_RETURN(std::string taken_up,
                      FindReferral(one.person(), procedures::ChildToHhs(), TakenUp, tx));
  return !taken_up.empty();
}

absl::StatusOr<std::string> OpenConsultation(const std::string& person, Tx& tx) {
  return FindReferral(person, procedures::AttorneyGeneralConsultation(), Unanswered, tx);
}

absl::Status CheckConsultable(const CertificationCase& one, Tx& tx) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(one, tx));
  WS_RETURN_IF_ERROR(statute::CheckLetterNeeded(facts.immigration_class));
  WS_RETURN_IF_ERROR(statute::CheckCooperationAsked(facts.age, today));
  WS_RETURN_IF_ERROR(CheckDoor(one, tx));
  facts.attorney_general_consulted = true;  // That is what the officer is about to do.
  WS_RETURN_IF_ERROR(statute::CheckLetter(facts, statute::LetterKind::kCertification, today));
  WS_ASSIGN_OR_RETURN(std::string open, OpenConsultation(one.person(), tx));
  if (open.empty()) return absl::OkStatus();
  return Refusal(absl::StatusCode::kFailedPrecondition, "CONSULTATION_OPEN",
                 Problem("consultation", "one is unanswered", "", "its answer"));
}

absl::Status CheckIssuable(const CertificationCase& one, v1::LetterKind kind, Tx& tx) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(one, tx));
  const statute::LetterKind asked = kind == v1::LETTER_KIND_CERTIFICATION
                                        ? statute::LetterKind::kCertification
                                        : statute::LetterKind::kEligibility;
  WS_RETURN_IF_ERROR(statute::CheckLetter(facts, asked, today));
  WS_RETURN_IF_ERROR(CheckDoor(one, tx));
  CertificationCase shown = one;
  WS_RETURN_IF_ERROR(FillLetters(shown, tx));
  if (!Stands(shown, kind)) return absl::OkStatus();
  return statute::Refuse(statute::kOneLetter, "letter", "a valid one of this kind stands", "one",
                         "that one, shown again");
}

v1::LetterRecord OnDay(v1::LetterRecord letter, absl::CivilDay today) {
  const types::v1::Date& from = letter.void_from();
  const bool is_void =
      letter.has_void_from() && absl::CivilDay(from.year(), from.month(), from.day()) <= today;
  letter.set_state(is_void ? v1::LETTER_STATE_VOID : v1::LETTER_STATE_VALID);
  return letter;
}

absl::StatusOr<CertificationCase> Show(CertificationCase one, Tx& tx) {
  for (v1::StatusFact& fact : *one.mutable_status()) {
    WS_ASSIGN_OR_RETURN(bool in_error, InError(fact, tx));
    fact.set_entered_in_error(in_error);
  }
  WS_RETURN_IF_ERROR(FillLetters(one, tx));
  WS_ASSIGN_OR_RETURN(*one.mutable_open_consultation_referral_id(),
                      OpenConsultation(one.person(), tx));
  WS_RETURN_IF_ERROR(FillMissing(one, tx));
  WS_RETURN_IF_ERROR(FillNextMove(one, tx));
  return one;
}

}  // namespace waystation::hhs
