#include "services/hhs/letters.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/ids/handle.h"
#include "common/procedures/form.h"
#include "common/status/status.h"
#include "services/hhs/case_law.h"
#include "services/hhs/cases.h"
#include "services/hhs/letter_number.h"
#include "services/hhs/register.h"
#include "services/hhs/standing.h"

namespace waystation::hhs {
namespace {

using agency::CheckToken;
using agency::DayOf;
using agency::Officer;
using agency::ToDate;
using agency::Tx;
using procedures::CheckEnum;
using record::StoredLetter;
using v1::CertificationCase;

// The same for every letter of a kind: which limb of (E)(i)(II) a certification
// rests on is the person's status, and no matter of a benefit office.
std::string_view BasisOf(v1::LetterKind kind) {
  return kind == v1::LETTER_KIND_CERTIFICATION
             ? "TVPA 107(b)(1)(C)(ii)(II) and (E), 22 U.S.C. 7105(b)(1)"
             : "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)";
}

absl::Status CheckProposal(const CertificationCase& one, const std::string& proposal_id) {
  if (!one.has_proposal()) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "PROPOSAL_MISSING",
                   Problem("letter", "none is proposed", "", "a first official's proposal"));
  }
  const std::string& open = one.proposal().proposal_id();
  if (open == proposal_id) return absl::OkStatus();
  return Refusal(
      absl::StatusCode::kFailedPrecondition, "PROPOSAL_CHANGED",
      Problem("proposal_id", "not the open proposal", Quoted(proposal_id), Quoted(open)));
}

// A number that no letter has. With 10^11 of them a second draw is a rarity.
absl::StatusOr<std::string> FreeNumber(const RandomSource& random, Tx& tx) {
  constexpr int kDraws = 10;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::string number = NewLetterNumber(random);
    const absl::Status taken = Register(tx.db()).GetLetter(number).status();
    if (absl::IsNotFound(taken)) return number;
    WS_RETURN_IF_ERROR(taken);
  }
  return absl::UnavailableError(Problem("letter", "no free number drawn"));
}

absl::StatusOr<v1::SignedLetter> Sign(const v1::Letter& letter, const evidence::Signer& signer) {
  v1::SignedLetter out;
  out.set_letter(letter.SerializeAsString());
  WS_ASSIGN_OR_RETURN(*out.mutable_signature(), signer.SignOne(kLetterContent, out.letter()));
  out.set_signer(signer.identity());
  out.set_certificate(signer.certificate().der());
  return out;
}

absl::StatusOr<StoredLetter> Issue(const CertificationCase& one, const Officer& second,
                                   const evidence::Signer& signer, const RandomSource& random,
                                   Tx& tx) {
  v1::Letter letter;
  WS_ASSIGN_OR_RETURN(*letter.mutable_number(), FreeNumber(random, tx));
  letter.set_kind(one.proposal().kind());
  *letter.mutable_issued_on() = ToDate(DayOf(tx.now()));
  letter.set_basis(std::string(BasisOf(letter.kind())));
  StoredLetter stored;
  stored.set_case_id(one.case_id());
  WS_ASSIGN_OR_RETURN(*stored.mutable_letter(), Sign(letter, signer));
  v1::LetterRecord& record = *stored.mutable_record();
  record.set_number(letter.number());
  record.set_kind(letter.kind());
  *record.mutable_issued_on() = letter.issued_on();
  *record.add_issued_by() = one.proposal().proposed_by();
  *record.add_issued_by() = second;
  return stored;
}

absl::StatusOr<CertificationCase> Load(const Officer& officer, std::string_view case_id, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckOrr(officer));
  WS_RETURN_IF_ERROR(CheckToken("case_id", case_id, 64, "-"));
  return Register(tx.db()).GetCase(case_id);
}

absl::StatusOr<StoredLetter> NewestOf(std::string_view case_id, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckToken("case_id", case_id, 64, "-"));
  WS_RETURN_IF_ERROR(Register(tx.db()).GetCase(case_id).status());
  WS_ASSIGN_OR_RETURN(std::vector<StoredLetter> letters, Register(tx.db()).LettersOf(case_id));
  if (!letters.empty()) return std::move(letters.back());
  return Refusal(absl::StatusCode::kNotFound, "LETTER_UNKNOWN",
                 Problem("letter", "the case has none"));
}

absl::StatusOr<StoredLetter> ByNumber(std::string_view number, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckLetterNumber(number));
  return Register(tx.db()).GetLetter(number);
}

absl::CivilDay Day(const types::v1::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

std::string VoidReason(const statute::StatusBasis& basis) {
  const bool presence = basis.kind == statute::StatusBasis::Kind::kContinuedPresence;
  const statute::Rule& rule =
      presence ? statute::kPresenceBasisLasts : statute::kApplicationNotDenied;
  return absl::StrCat(presence ? "continued presence " : "T application ", basis.reference,
                      presence ? " has ended (" : " was denied (", Absl(rule.citation.section),
                      ")");
}

// `ended` null: nothing makes it void.
void Rejudge(const statute::StatusBasis* ended, v1::LetterRecord& letter) {
  letter.clear_void_from();
  letter.clear_void_reason();
  if (ended == nullptr) return;
  *letter.mutable_void_from() = ToDate(std::max(*ended->ended_on, Day(letter.issued_on())));
  letter.set_void_reason(VoidReason(*ended));
}

}  // namespace

absl::Status ProposeLetter(const Officer& officer, const v1::ProposeLetterRequest& request,
                           const RandomSource& random, Tx& tx,
                           v1::ProposeLetterResponse& response) {
  WS_RETURN_IF_ERROR(CheckEnum("kind", request.kind()));
  WS_ASSIGN_OR_RETURN(CertificationCase one, Load(officer, request.case_id(), tx));
  WS_RETURN_IF_ERROR(CheckIssuable(one, request.kind(), tx));
  v1::LetterProposal& proposal = *one.mutable_proposal();
  proposal.set_proposal_id(NewHandle("pr", random));
  proposal.set_kind(request.kind());
  *proposal.mutable_proposed_by() = officer;
  *proposal.mutable_proposed_at() = agency::ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(SaveChanged(one, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), Show(std::move(one), tx));
  return absl::OkStatus();
}

absl::Status ConfirmLetter(const Officer& officer, const v1::ConfirmLetterRequest& request,
                           const evidence::Signer& signer, const RandomSource& random, Tx& tx,
                           v1::ConfirmLetterResponse& response) {
  WS_ASSIGN_OR_RETURN(CertificationCase one, Load(officer, request.case_id(), tx));
  WS_RETURN_IF_ERROR(CheckProposal(one, request.proposal_id()));
  WS_RETURN_IF_ERROR(
      statute::CheckLetterOfficials(one.proposal().proposed_by().staff_id(), officer.staff_id()));
  WS_RETURN_IF_ERROR(CheckIssuable(one, one.proposal().kind(), tx));
  WS_ASSIGN_OR_RETURN(StoredLetter stored, Issue(one, officer, signer, random, tx));
  WS_RETURN_IF_ERROR(Register(tx.db()).SaveLetter(stored));
  one.clear_proposal();
  WS_RETURN_IF_ERROR(SaveChanged(one, tx));
  // A presence may be about to end by a notice that is here already.
  WS_RETURN_IF_ERROR(RejudgeLetters(one, tx));
  *response.mutable_letter() = stored.letter();
  WS_ASSIGN_OR_RETURN(*response.mutable_certification_case(), Show(std::move(one), tx));
  return ReportStanding(response.certification_case(), tx);
}

absl::Status GetLetter(const Officer& officer, const v1::GetLetterRequest& request, Tx& tx,
                       v1::GetLetterResponse& response) {
  WS_RETURN_IF_ERROR(CheckOrr(officer));
  const bool by_case = request.which_case() == v1::GetLetterRequest::kCaseId;
  WS_ASSIGN_OR_RETURN(StoredLetter stored,
                      by_case ? NewestOf(request.case_id(), tx) : ByNumber(request.number(), tx));
  *response.mutable_letter() = stored.letter();
  response.set_case_id(stored.case_id());
  v1::LetterRecord& record = *response.mutable_record();
  record = OnDay(std::move(*stored.mutable_record()), DayOf(tx.now()));
  WS_ASSIGN_OR_RETURN(std::vector<v1::Verification> all,
                      Register(tx.db()).Verifications(record.number()));
  record.mutable_verifications()->Assign(all.begin(), all.end());
  return absl::OkStatus();
}

absl::Status VerifyLetter(const Officer& officer, const v1::VerifyLetterRequest& request, Tx& tx,
                          v1::VerifyLetterResponse& response) {
  WS_RETURN_IF_ERROR(agency::CheckText("office", request.office(), {1, 200}));
  WS_RETURN_IF_ERROR(procedures::CheckEnums<v1::Benefit>("benefits", request.benefits()));
  WS_ASSIGN_OR_RETURN(StoredLetter stored, ByNumber(request.number(), tx));
  const v1::LetterRecord record = OnDay(stored.record(), DayOf(tx.now()));
  v1::Verification verification;
  verification.set_office(request.office());
  *verification.mutable_benefits() = request.benefits();
  *verification.mutable_asked_at() = agency::ToProtoTime(tx.now());
  *verification.mutable_answered_by() = officer;
  verification.set_answer(record.state());
  WS_RETURN_IF_ERROR(Register(tx.db()).AddVerification(record.number(), verification));
  response.set_state(record.state());
  response.set_kind(record.kind());
  *response.mutable_issued_on() = record.issued_on();
  return absl::OkStatus();
}

absl::Status RejudgeLetters(const CertificationCase& one, Tx& tx) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::LetterFacts facts, ToFacts(one, tx));
  const statute::StatusBasis* ended = statute::LastEnded(facts.bases, today);
  WS_ASSIGN_OR_RETURN(std::vector<StoredLetter> letters,
                      Register(tx.db()).LettersOf(one.case_id()));
  for (StoredLetter& stored : letters) {
    v1::LetterRecord& letter = *stored.mutable_record();
    if (letter.kind() != v1::LETTER_KIND_CERTIFICATION) continue;
    if (OnDay(letter, today).state() == v1::LETTER_STATE_VOID) continue;
    Rejudge(ended, letter);
    WS_RETURN_IF_ERROR(Register(tx.db()).SaveLetter(stored));
  }
  return absl::OkStatus();
}

}  // namespace waystation::hhs
