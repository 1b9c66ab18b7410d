#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_PETITIONING_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_PETITIONING_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/waystation/play.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

// Continued presence from both sides, with invented cases: what a petitioning
// unit of DOJ or DOS records and files, and what INS decides.
// Single-threaded: the command.

namespace waystation::cli {

// Opens an intake as `staff_id` for an adult, under `person`'s handle or, when
// that is empty, a new one; returns the handle.
absl::StatusOr<std::string> OpenIntake(Play& play, const std::string& staff_id,
                                       const std::string& person = "");
// Records a finding of labor in servitude by the officer's unit.
absl::Status RecordFinding(Play& play, const std::string& staff_id, const std::string& person);
// Records every missing duty as done today; returns how many.
absl::StatusOr<int> RecordDuties(Play& play, const std::string& staff_id,
                                 const std::string& person);

struct Filing {
  std::string case_number;
  // Sent in spite of a warning that INS will return it.
  bool in_spite = false;
  absl::Duration needed_within = absl::InfiniteDuration();
};
// Errors: FAILED_PRECONDITION (WARNINGS_NOT_ACKNOWLEDGED).
absl::StatusOr<doj::v1::Petition> FilePetition(Play& play, const std::string& staff_id,
                                               const std::string& person, const Filing& filing);

// A petition as its own agency has it, once it is in `state` there.
absl::StatusOr<doj::v1::Petition> AwaitFiled(Play& play, const std::string& staff_id,
                                             const std::string& referral_id,
                                             types::v1::ReferralState state);

// INS. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
absl::StatusOr<ins::v1::Petition> ReadPetition(Play& play, const std::string& staff_id,
                                               const std::string& referral_id);
absl::Status TakeUpPetition(Play& play, const std::string& staff_id,
                            const std::string& referral_id);
// Grants parole for a year with work authorization: proposed by the first
// official, confirmed by the second.
absl::Status GrantPetition(Play& play, const std::string& first, const std::string& second,
                           const std::string& referral_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_PETITIONING_H_
