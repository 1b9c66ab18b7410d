#ifndef WAYSTATION_TOOLS_WAYSTATION_PLAY_H_
#define WAYSTATION_TOOLS_WAYSTATION_PLAY_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/waystation/dev_bus.h"
#include "tools/waystation/history_source.h"
#include "tools/waystation/officer.h"

namespace waystation::cli {

// Officers of a development bus at work, with invented cases: each step is a
// call that an officer of that unit would make.
//
//   Play play(session, *bus, profile);
//   WS_ASSIGN_OR_RETURN(std::string referral, play.PetitionFrom("agent-1101", "FBI-SYN-1"));
//
// Every wait also watches the bus and Ctrl-C.
//
// Single-threaded: the command.
class Play {
 public:
  // All are borrowed and must outlive it.
  Play(const Session& session, DevBus& bus, const Profile& profile)
      : session_(session), bus_(bus), profile_(profile) {}

  // Opens an intake as `staff_id` and returns the handle.
  absl::StatusOr<std::string> Intake(const std::string& staff_id);
  // Records a finding of forced labor by the officer's unit.
  absl::Status Finding(const std::string& staff_id, const std::string& person);
  // Records every missing duty as done today; returns how many.
  absl::StatusOr<int> Duties(const std::string& staff_id, const std::string& person);
  // Files a petition. Errors: FAILED_PRECONDITION (WARNINGS_NOT_ACKNOWLEDGED).
  absl::StatusOr<doj::v1::Petition> File(const std::string& staff_id, const std::string& person,
                                         const std::string& case_number, bool acknowledge,
                                         absl::Duration needed_within = absl::InfiniteDuration());

  absl::StatusOr<ins::v1::Petition> TakeUp(const std::string& staff_id,
                                           const std::string& referral_id);
  // Grants parole for a year with work authorization: proposed by the first
  // official, confirmed by the second.
  absl::StatusOr<ins::v1::Petition> Grant(const std::string& first, const std::string& second,
                                          const std::string& referral_id);
  // Returns it as not authorized by law, with the citation that INS's own rules
  // give. Returns that citation.
  absl::StatusOr<std::string> ReturnByLaw(const std::string& staff_id,
                                          const std::string& referral_id);

  absl::StatusOr<ins::v1::Petition> AtIns(const std::string& referral_id);
  absl::StatusOr<doj::v1::Petition> AtDoj(const std::string& referral_id);

  // Where the ledger has it.
  absl::StatusOr<bus::v1::Referral> Ledger(const std::string& referral_id);
  absl::StatusOr<VerifiedHistory> History(const std::string& referral_id);

  // Asks until `done` says yes; a NOT_FOUND counts as not yet. Errors:
  // DEADLINE_EXCEEDED naming `what` after `patience`; those of DevBus::Watch.
  absl::Status Await(const std::string& what, absl::Duration patience,
                     const std::function<absl::StatusOr<bool>()>& done);
  // Until the target's delivery receipt is on the record.
  absl::Status AwaitReceived(const std::string& referral_id);

 private:
  absl::StatusOr<Officer> As(const std::string& staff_id) const;

  const Session& session_;
  DevBus& bus_;
  const Profile& profile_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PLAY_H_
