#ifndef WAYSTATION_TOOLS_WAYSTATION_CERTIFICATION_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_CERTIFICATION_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/waystation/output.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// HHS's certification cases and letters in words. Thread-safe functions.

namespace waystation::cli {

std::vector<std::pair<std::string, Cell>> CertificationFields(const hhs::v1::CertificationCase& one,
                                                              absl::Time now);

Table CertificationTable(const std::vector<hhs::v1::CertificationCase>& cases, absl::Time now);

// The record of one letter with its verifications.
std::vector<std::pair<std::string, Cell>> LetterFields(const hhs::v1::LetterRecord& letter);

// "VALID" or "VOID".
Cell LetterStateCell(hhs::v1::LetterState state);

// Words for the next command after a refused call about `case_id`, which may be
// empty. `request_id` is empty for a call that changes nothing.
absl::Status ExplainHhs(absl::Status status, const std::string& case_id,
                        const std::string& request_id = "");

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CERTIFICATION_TEXT_H_
