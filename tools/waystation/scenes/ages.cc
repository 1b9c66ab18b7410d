#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/scenes.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using hhs::v1::CertificationCase;
using hhs::v1::HhsService;

constexpr int kLastDayOfEveryFebruary = 28;

// The birth date of one who is `years` old today.
types::v1::PersonAge Aged(const Play& play, int years) {
  types::v1::Date born = play.Day(0);
  born.set_year(born.year() - years);
  // One born on 29 February attains an age on 1 March of other years.
  if (born.month() == 2) born.set_day(std::min(born.day(), kLastDayOfEveryFebruary));
  types::v1::PersonAge age;
  *age.mutable_birth_date() = born;
  return age;
}

// What an adult must have before the letter, by the sections that ask for it.
std::string MissingWords(const CertificationCase& one) {
  std::string words;
  for (const hhs::v1::MissingElement& missing : one.missing()) {
    const std::string& citation = missing.citation();
    absl::StrAppend(&words, words.empty() ? "" : "; ",
                    citation.substr(0, citation.find(", 22 U.S.C.")));
  }
  return words.empty() ? "nothing" : words;
}

std::string OtherThan(hhs::v1::LetterKind kind) {
  return Words(kind == hhs::v1::LETTER_KIND_ELIGIBILITY ? hhs::v1::LETTER_KIND_CERTIFICATION
                                                        : hhs::v1::LETTER_KIND_ELIGIBILITY);
}

// The other letter is refused, and to a child so is the question about cooperation.
absl::Status ShowAge(Stage& stage, const std::string& case_id, int years) {
  auto& [play, teller, signals, data_dir] = stage;
  const types::v1::PersonAge age = Aged(play, years);
  WS_ASSIGN_OR_RETURN(CertificationCase one, RecordAge(play, case_id, age));
  const bool child = one.letter_due() == hhs::v1::LETTER_KIND_ELIGIBILITY;
  WS_RETURN_IF_ERROR(
      Must(child == (years < 18), "letter due", Words(one.letter_due()), "by the birth date"));
  const hhs::v1::LetterKind other =
      child ? hhs::v1::LETTER_KIND_CERTIFICATION : hhs::v1::LETTER_KIND_ELIGIBILITY;
  WS_RETURN_IF_ERROR(
      Refused(ProposeLetter(play, case_id, other).status(), "LETTER_KIND_WRONG").status());
  teller.Step(absl::StrCat("age ", years, ", ", FormatDate(age.birth_date())),
              absl::StrCat(Words(one.letter_due()), " letter, ", OtherThan(one.letter_due()),
                           " refused; the person must have: ", MissingWords(one)),
              child ? Tone::kGood : Tone::kPlain);
  return absl::OkStatus();
}

absl::Status ShowNoCooperation(Stage& stage, const std::string& case_id) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(std::string why,
                      Refused(RecordWilling(play, case_id), "COOPERATION_NOT_ASKED"));
  teller.Step("HHS orr-3101", "asks for cooperation all the same, refused: " + why, Tone::kBad);
  return absl::OkStatus();
}

absl::Status IssueEligibility(Stage& stage, const std::string& case_id) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_RETURN_IF_ERROR(RecordAge(play, case_id, Aged(play, 17)).status());
  WS_ASSIGN_OR_RETURN(std::string number,
                      IssueLetter(play, case_id, hhs::v1::LETTER_KIND_ELIGIBILITY));
  teller.Step("HHS orr-3102",
              absl::StrCat("countersigns, back at 17, the eligibility letter ", number),
              Tone::kGood);
  WS_ASSIGN_OR_RETURN(auto verified, VerifyLetter(play, number));
  WS_RETURN_IF_ERROR(Must(verified.state() == hhs::v1::LETTER_STATE_VALID &&
                              verified.kind() == hhs::v1::LETTER_KIND_ELIGIBILITY,
                          "letter", Words(verified.kind()), "valid, of eligibility"));
  teller.Step("county office",
              absl::StrCat("asks about ", number, ": VALID, ", Words(verified.kind())),
              Tone::kGood);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlayAges(Stage& stage) {
  auto& [play, teller, signals, data_dir] = stage;
  WS_ASSIGN_OR_RETURN(CertificationCase one, OpenCertificationCase(play, hhs::v1::CASE_DOOR_NGO));
  const std::string& case_id = one.case_id();
  teller.Step("HHS orr-3101",
              absl::StrCat("opens a case by an NGO's door, without police: ", one.person()));
  for (int years : {14, 15, 17, 18}) {
    WS_RETURN_IF_ERROR(ShowAge(stage, case_id, years));
    if (years == 15) WS_RETURN_IF_ERROR(ShowNoCooperation(stage, case_id));
  }
  WS_RETURN_IF_ERROR(IssueEligibility(stage, case_id));
  return EndOnCase(play, teller, one.person(), "has the letter");
}

}  // namespace waystation::cli
