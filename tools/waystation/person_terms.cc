#include "tools/waystation/person_terms.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using referral::v1::DisclosureBasis;
using types::v1::PersonAge;
using types::v1::SafeContactPlan;

// An emergency lapses by itself, so that nothing rests on it for long.
constexpr absl::Duration kEmergency = absl::Hours(24);

}  // namespace

void DeclareAge(CLI::App& verb, AgeOptions& options) {
  auto* age = verb.add_option("--age", options.age,
                              "under-fifteen, fifteen-to-seventeen, eighteen-to-twenty or "
                              "twenty-one-or-older (unset: unknown, treated as a child)");
  verb.add_option("--born", options.born, "Date of birth, e.g. 1984-05-01")->excludes(age);
}

absl::StatusOr<PersonAge> ParseAge(const AgeOptions& options, absl::Time now) {
  PersonAge age;
  if (!options.born.empty()) {
    WS_ASSIGN_OR_RETURN(*age.mutable_birth_date(), ParseDate("--born", options.born, now));
  } else if (!options.age.empty()) {
    WS_ASSIGN_OR_RETURN(auto bracket, ParseWords<types::v1::AgeBracket>("--age", options.age));
    age.set_bracket(bracket);
  }
  return age;
}

std::string KnownAgeWords(const PersonAge& age) {
  if (age.has_birth_date()) return "born " + FormatDate(age.birth_date());
  return age.bracket() == types::v1::AGE_BRACKET_UNSPECIFIED ? "unknown" : Words(age.bracket());
}

void DeclareContact(CLI::App& verb, ContactOptions& options) {
  verb.add_option("--contact-way", options.way,
                  "How to call back: where the agency's records spell it out, never a number");
  verb.add_option("--contact-hours", options.hours, "When it is safe, e.g. 'weekdays 10:00'");
  verb.add_option("--if-somebody-else", options.somebody_else,
                  "What to do when somebody else answers, e.g. 'say wrong number'");
  verb.add_flag("--may-leave-message", options.message, "A message may be left");
}

SafeContactPlan MakePlan(const ContactOptions& options) {
  SafeContactPlan plan;
  plan.set_way(options.way);
  plan.set_hours(options.hours);
  plan.set_if_somebody_else_answers(options.somebody_else);
  plan.set_may_leave_message(options.message);
  return plan;
}

std::vector<std::pair<std::string, Cell>> PlanFields(const SafeContactPlan* plan) {
  if (plan == nullptr) return {{"call back", Cell("nobody may: no plan", Tone::kBad)}};
  return {{"call back", plan->way()},
          {"when", plan->hours()},
          {"somebody else", plan->if_somebody_else_answers()},
          {"message", plan->may_leave_message() ? "may be left" : "none may be left"}};
}

void DeclareBasis(CLI::App& verb, BasisOptions& options) {
  auto* consent = verb.add_option("--consent", options.consent, "Consent that it rests on");
  verb.add_option("--emergency", options.emergency, "What the danger is, without names")
      ->excludes(consent);
}

void DeclareBasisOrDuty(CLI::App& verb, BasisOptions& options) {
  DeclareBasis(verb, options);
  verb.add_option("--duty", options.duty, "Section of the statute that lays the duty, in full")
      ->excludes(verb.get_option("--consent"))
      ->excludes(verb.get_option("--emergency"));
}

absl::StatusOr<DisclosureBasis> MakeBasis(const BasisOptions& options, absl::Time now) {
  DisclosureBasis basis;
  if (!options.consent.empty()) {
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id(options.consent);
  } else if (!options.emergency.empty()) {
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
    basis.set_circumstances(options.emergency);
    *basis.mutable_valid_until() = ToProto(now + kEmergency);
  } else if (!options.duty.empty()) {
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    basis.set_citation(options.duty);
  } else {
    return UsageError(Problem("basis", "missing", "",
                              "--consent ID, --emergency TEXT or what else the help names"));
  }
  return basis;
}

}  // namespace waystation::cli
