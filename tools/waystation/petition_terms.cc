#include "tools/waystation/petition_terms.h"

#include <utility>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"

namespace waystation::cli {

void DeclareTerms(CLI::App& verb, TermsOptions& options) {
  verb.add_option("--case-number", options.case_number, "Case number")->required();
  verb.add_option("--mechanism", options.mechanism,
                  "Suggestion: parole, stay-of-removal, deferred-action; INS chooses");
  verb.add_option("--circumstances", options.circumstances,
                  "What makes the presence necessary, without names")
      ->required();
  verb.add_option("--from", options.from, "First day asked for")->capture_default_str();
  verb.add_option("--until", options.until, "Last day asked for")->capture_default_str();
  verb.add_flag("--certify-witness", options.certify,
                "Certify that the person may testify to the trafficking");
  verb.add_flag("--acknowledge-warnings", options.acknowledge, "Send in spite of every warning");
}

absl::Status FillTerms(const TermsOptions& options, absl::Time now,
                       doj::v1::PetitionRequestTerms* terms) {
  terms->set_case_number(options.case_number);
  terms->set_circumstances(options.circumstances);
  terms->set_potential_witness_certified(options.certify);
  if (!options.mechanism.empty()) {
    WS_ASSIGN_OR_RETURN(auto mechanism,
                        ParseWords<ins::v1::PresenceMechanism>("--mechanism", options.mechanism));
    terms->set_mechanism_suggested(mechanism);
  }
  WS_ASSIGN_OR_RETURN(*terms->mutable_requested_from(), ParseDate("--from", options.from, now));
  WS_ASSIGN_OR_RETURN(*terms->mutable_requested_until(), ParseDate("--until", options.until, now));
  return absl::OkStatus();
}

absl::Status ExplainRefusedPetition(absl::Status status, const std::string& request_id) {
  const std::string reason = ReasonOf(status);
  if (reason == "WARNINGS_NOT_ACKNOWLEDGED") {
    return WithNext(std::move(status),
                    "the same with --acknowledge-warnings, knowing that it will be returned");
  }
  if (reason == "UNIT_NOT_OWN") {
    return WithNext(std::move(status), "the same with --as ID of an officer of that unit");
  }
  if (reason == "PETITION_OPEN") return WithNext(std::move(status), "waystation petition list");
  return WithRetry(std::move(status), request_id);
}

}  // namespace waystation::cli
