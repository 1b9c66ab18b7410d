#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_CERTIFYING_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_CERTIFYING_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/waystation/play.h"
#include "tools/waystation/scenes/teller.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// HHS's certification case of one person, from its door to the letter that a
// benefit office checks.
// Single-threaded: the command.

namespace waystation::cli {

// The two officials of ORR who issue letters.
inline constexpr char kOrr[] = "orr-3101";
inline constexpr char kOrrDirector[] = "orr-3102";

// Opens a case of a person who came without any agency, of unknown age.
absl::StatusOr<hhs::v1::CertificationCase> OpenCertificationCase(Play& play,
                                                                 hhs::v1::CaseDoor door);

// The person's case. Errors: NOT_FOUND (CASE_UNKNOWN).
absl::StatusOr<hhs::v1::CertificationCase> ReadCertificationCase(Play& play,
                                                                 const std::string& person);

// The same once INS's due notice is on it.
absl::StatusOr<hhs::v1::CertificationCase> AwaitStatusNotice(Play& play, const std::string& person);

absl::StatusOr<hhs::v1::CertificationCase> RecordAge(Play& play, const std::string& case_id,
                                                     const types::v1::PersonAge& age);
absl::Status RecordWilling(Play& play, const std::string& case_id);

// Asks the Attorney General, who concurs; returns the referral once HHS has
// the answer.
absl::StatusOr<std::string> Consult(Play& play, const hhs::v1::CertificationCase& one);

absl::StatusOr<std::string> ProposeLetter(Play& play, const std::string& case_id,
                                          hhs::v1::LetterKind kind);
// Issues the letter by two officials; returns its number.
absl::StatusOr<std::string> IssueLetter(Play& play, const std::string& case_id,
                                        hhs::v1::LetterKind kind);

// What HHS tells a benefit office that has the number.
absl::StatusOr<hhs::v1::VerifyLetterResponse> VerifyLetter(Play& play, const std::string& number);
// The number with its last digit mistyped.
std::string Mistyped(std::string number);

// Ends a scene on the person's case: who holds the next move, and since when.
absl::Status EndOnCase(Play& play, Teller& teller, const std::string& person,
                       std::string_view where);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_CERTIFYING_H_
