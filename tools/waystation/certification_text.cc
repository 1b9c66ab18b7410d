#include "tools/waystation/certification_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/message_text.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using hhs::v1::CertificationCase;
using hhs::v1::LetterRecord;

void AddText(const std::string& name, const std::string& text, Fields* fields,
             Tone tone = Tone::kPlain) {
  if (!text.empty()) fields->push_back({name, Cell(text, tone)});
}

std::string ClassWords(hhs::v1::ImmigrationClass value) {
  const std::string words = Words(value);
  return value == hhs::v1::IMMIGRATION_CLASS_UNSPECIFIED ? "other or unknown"
                                                         : words + ": needs no letter";
}

std::string StatusWords(const hhs::v1::StatusFact& fact) {
  std::string words =
      absl::StrCat(Words(fact.event()), " ", FormatDate(fact.event_on()), ", ", fact.reference());
  if (fact.has_expires_on()) absl::StrAppend(&words, ", until ", FormatDate(fact.expires_on()));
  if (fact.entered_in_error()) absl::StrAppend(&words, ", ENTERED IN ERROR");
  return words;
}

void AddFacts(const CertificationCase& one, Fields* fields) {
  for (const auto& fact : one.status()) AddText("INS told", StatusWords(fact), fields);
  for (const auto& said : one.willingness()) {
    AddText(said.willing() ? "willing" : "not willing",
            absl::StrCat(FormatDate(said.stated_on()), ": ", said.statement()), fields);
  }
  for (const auto& asked : one.consultations()) {
    AddText("attorney general",
            absl::StrCat(Words(asked.view()), " ", FormatDate(asked.answered_on()),
                         asked.comment().empty() ? "" : ": ", asked.comment()),
            fields);
  }
  if (!one.open_consultation_referral_id().empty()) {
    AddText("consultation",
            absl::StrCat("unanswered, ", FormatReferralId(one.open_consultation_referral_id())),
            fields);
  }
}

std::string LetterLine(const LetterRecord& letter) {
  return absl::StrCat(letter.number(), ", ", Words(letter.kind()), ", ",
                      FormatDate(letter.issued_on()), ", ", LetterStateCell(letter.state()).text);
}

// Empty while the letter that is due stands.
std::string DueWords(const CertificationCase& one) {
  if (one.letter_due() == hhs::v1::LETTER_KIND_UNSPECIFIED) return "none is needed";
  for (const LetterRecord& letter : one.letters()) {
    const bool valid = letter.state() == hhs::v1::LETTER_STATE_VALID;
    if (valid && letter.kind() == one.letter_due()) return "";
  }
  return Words(one.letter_due());
}

void AddLetters(const CertificationCase& one, Fields* fields) {
  for (const LetterRecord& letter : one.letters()) {
    AddText("letter", LetterLine(letter), fields, LetterStateCell(letter.state()).tone);
    AddText("  void", letter.void_reason(), fields, Tone::kBad);
  }
  AddText("letter due", DueWords(one), fields);
  for (const auto& missing : one.missing()) AddText("missing", missing.text(), fields, Tone::kBad);
  if (one.has_proposal()) {
    AddText(
        "proposed",
        absl::StrCat(Words(one.proposal().kind()), ", by ",
                     ActingWords(one.proposal().proposed_by()), ", ", one.proposal().proposal_id()),
        fields);
  }
}

std::string Holder(const hhs::v1::NextMove& move) {
  if (move.agency().empty()) return "nobody";
  return move.unit().empty() ? move.agency() : move.unit();
}

std::string Since(const hhs::v1::NextMove& move, absl::Time now) {
  return move.has_since() ? AgeWords(now - FromProto(move.since())) : "";
}

std::string MoveWords(const hhs::v1::NextMove& move, absl::Time now) {
  std::string words = absl::StrCat(Holder(move), ": ", move.what());
  if (!move.has_since()) return words;
  return absl::StrCat(words, ", since ", TimeText(move.since()), " (", Since(move, now), ")");
}

std::string VerificationWords(const hhs::v1::Verification& one) {
  std::string benefits;
  for (int benefit : one.benefits()) {
    absl::StrAppend(&benefits, benefits.empty() ? "" : ", ",
                    Words(static_cast<hhs::v1::Benefit>(benefit)));
  }
  return absl::StrCat(TimeText(one.asked_at()), ", ", one.office(), ", for ", benefits,
                      ", answered ", LetterStateCell(one.answer()).text, " by ",
                      one.answered_by().staff_id());
}

// What to type after a refusal, by its reason.
std::string NextAfter(const std::string& reason, const std::string& id) {
  if (reason == "CASE_UNKNOWN") return "waystation certification list";
  if (reason == "LETTER_UNKNOWN") return "waystation letter show --case CASE";
  if (reason == "LETTER_NUMBER_INVALID") return "the 13 digits again, from the letter";
  if (reason == "SECOND_OFFICIAL_REQUIRED") return "the same with --as ID of another official";
  if (reason == "PROPOSAL_MISSING") return "waystation certification propose " + id;
  if (reason == "UNIT_NOT_OWN") return "the same with --as ID of an officer of hhs/orr";
  if (reason == "LETTER_STANDS") return "waystation letter show --case " + id;
  if (reason == "WILLINGNESS_MISSING") {
    return "waystation certification willingness " + id + " --statement TEXT";
  }
  if (reason == "ATTORNEY_GENERAL_NOT_CONSULTED") {
    return "waystation certification consult " + id;
  }
  for (const char* prefix : {"LETTER_", "STATUS_", "CERTIFICATION_", "T_APPLICATION_",
                             "CONSULTATION_", "COOPERATION_", "PROPOSAL_", "CASE_"}) {
    if (absl::StartsWith(reason, prefix)) return "waystation certification show " + id;
  }
  return "";
}

}  // namespace

Cell LetterStateCell(hhs::v1::LetterState state) {
  return state == hhs::v1::LETTER_STATE_VALID ? Cell("VALID", Tone::kGood)
                                              : Cell("VOID", Tone::kBad);
}

Fields CertificationFields(const CertificationCase& one, absl::Time now) {
  Fields fields = {
      {"case", one.case_id()},
      {"person", one.person()},
      {"came by", Words(one.door())},
      {"opened", absl::StrCat(TimeText(one.opened_at()), " by ", one.opened_by().staff_id())},
      {"age", KnownAgeWords(one.age())},
      {"class", ClassWords(one.immigration_class())}};
  if (!one.door_referral_id().empty()) {
    AddText("referral", FormatReferralId(one.door_referral_id()), &fields);
  }
  AddFacts(one, &fields);
  AddLetters(one, &fields);
  AddText("next move", MoveWords(one.next_move(), now), &fields);
  return fields;
}

Table CertificationTable(const std::vector<CertificationCase>& cases, absl::Time now) {
  Table table{
      {"CASE", "PERSON", "CAME BY", "LETTER DUE", "LETTERS", "MISSING", "NEXT MOVE OF", "SINCE"},
      {}};
  for (const CertificationCase& one : cases) {
    table.rows.push_back({one.case_id(), one.person(), Words(one.door()), Words(one.letter_due()),
                          absl::StrCat(one.letters_size()), absl::StrCat(one.missing_size()),
                          Holder(one.next_move()), Since(one.next_move(), now)});
  }
  return table;
}

Fields LetterFields(const LetterRecord& letter) {
  Fields fields = {{"letter", letter.number()},
                   {"kind", Words(letter.kind())},
                   {"issued on", FormatDate(letter.issued_on())},
                   {"state", LetterStateCell(letter.state())}};
  AddText("void from", FormatDate(letter.void_from()), &fields);
  AddText("void because", letter.void_reason(), &fields, Tone::kBad);
  for (const auto& official : letter.issued_by()) {
    AddText("issued by", ActingWords(official), &fields);
  }
  for (const auto& one : letter.verifications()) {
    AddText("verified", VerificationWords(one), &fields);
  }
  return fields;
}

absl::Status ExplainHhs(absl::Status status, const std::string& case_id,
                        const std::string& request_id) {
  const std::string next = NextAfter(ReasonOf(status), case_id.empty() ? "CASE" : case_id);
  if (!next.empty()) return WithNext(std::move(status), next);
  return request_id.empty() ? status : WithRetry(std::move(status), request_id);
}

}  // namespace waystation::cli
