#ifndef WAYSTATION_TOOLS_WAYSTATION_PERSON_TERMS_H_
#define WAYSTATION_TOOLS_WAYSTATION_PERSON_TERMS_H_

#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/waystation/output.h"
#include "waystation/referral/v1/case_content.pb.h"
#include "waystation/types/v1/safe_contact.pb.h"
#include "waystation/types/v1/severe_form.pb.h"

// What verbs of several agencies ask and print of a person: age, how to call
// back without danger, and why information may be disclosed.
// Thread-compatible.

namespace waystation::cli {

struct AgeOptions {
  std::string age;
  std::string born;
};

void DeclareAge(CLI::App& verb, AgeOptions& options);

// Without an option the age is unknown. Errors: usage.
absl::StatusOr<types::v1::PersonAge> ParseAge(const AgeOptions& options, absl::Time now);

// "born 1984-05-01", "under fifteen" or "unknown".
std::string KnownAgeWords(const types::v1::PersonAge& age);

struct ContactOptions {
  std::string way;
  std::string hours;
  std::string somebody_else;
  bool message = false;

  bool empty() const { return way.empty() && hours.empty() && somebody_else.empty() && !message; }
};

void DeclareContact(CLI::App& verb, ContactOptions& options);
types::v1::SafeContactPlan MakePlan(const ContactOptions& options);

// Lines of a plan; one line when there is none.
std::vector<std::pair<std::string, Cell>> PlanFields(const types::v1::SafeContactPlan* plan);

struct BasisOptions {
  std::string consent;
  std::string emergency;
  std::string duty;
};

// Declares --consent and --emergency, of which one may be given.
void DeclareBasis(CLI::App& verb, BasisOptions& options);
// The same and --duty.
void DeclareBasisOrDuty(CLI::App& verb, BasisOptions& options);

// Errors: usage, when none was given.
absl::StatusOr<referral::v1::DisclosureBasis> MakeBasis(const BasisOptions& options,
                                                        absl::Time now);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PERSON_TERMS_H_
