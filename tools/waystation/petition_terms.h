#ifndef WAYSTATION_TOOLS_WAYSTATION_PETITION_TERMS_H_
#define WAYSTATION_TOOLS_WAYSTATION_PETITION_TERMS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "waystation/doj/v1/doj_service.pb.h"

namespace waystation::cli {

// What a petitioner types, for a first petition and for a renewal alike.
struct TermsOptions {
  std::string case_number;
  std::string mechanism;
  std::string circumstances;
  std::string from;
  std::string until;
  bool certify = false;
  bool acknowledge = false;
};

// Ties them to flags; --from and --until are optional, with what they hold as
// the default.
void DeclareTerms(CLI::App& verb, TermsOptions& options);

// Errors: INVALID_ARGUMENT (usage) naming the flag.
absl::Status FillTerms(const TermsOptions& options, absl::Time now,
                       doj::v1::PetitionRequestTerms* terms);

// A refused petition with what to type next. Thread-safe.
absl::Status ExplainRefusedPetition(absl::Status status, const std::string& request_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PETITION_TERMS_H_
