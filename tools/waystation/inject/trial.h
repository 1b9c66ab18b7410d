#ifndef WAYSTATION_TOOLS_WAYSTATION_INJECT_TRIAL_H_
#define WAYSTATION_TOOLS_WAYSTATION_INJECT_TRIAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/trust.h"
#include "common/evidence/directory.h"
#include "common/handoffs/compare.h"
#include "common/handoffs/signature_judge.h"
#include "tools/waystation/inject/clean_set.h"
#include "tools/waystation/inject/fault.h"
#include "tools/waystation/reconcile.pb.h"

namespace waystation::cli {

// Plants faults, one at a time and then many at once, and counts which are found.
//
//   Trial trial(clean, signers, directory, trust, now);
//   WS_ASSIGN_OR_RETURN(uint64_t false_in_clean, trial.CheckClean());
//   WS_RETURN_IF_ERROR(trial.Run(10'000, seed));
//   WS_RETURN_IF_ERROR(trial.RunTogether(100, seed));
//
// A fault is found when the comparison names its kind and its messages, and
// nothing of them is left out; whatever else it names is false.
// Single-threaded: the command.
class Trial {
 public:
  // `now` is the time at which agencies sign; their certificates are good then.
  // All but `directory` and `trust` are borrowed.
  Trial(const CleanSet& clean, const Signers& signers,
        std::shared_ptr<const evidence::DirectoryView> directory, crypto::TrustStore trust,
        absl::Time now);

  // Differences in the clean set: all of them false. Errors: of the fold.
  absl::StatusOr<uint64_t> CheckClean();

  // Errors: FAILED_PRECONDITION the set has no place for a kind of fault; of the
  // fold.
  absl::Status Run(uint64_t count, uint64_t seed);

  // Plants up to `count` faults at once in everything that was said, as many as stand
  // apart: each in orderings of its own, so that none hides another. Errors: as Run.
  absl::Status RunTogether(uint64_t count, uint64_t seed);
  // What that gave, without fault and party.
  const v1::FaultCount& together() const { return together_; }

  // One row for each kind and party, in the order of the table.
  std::vector<v1::FaultCount> counts() const;
  // The first that were not found, or what was false, in words.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  absl::StatusOr<std::vector<Fault>> ChooseApart(uint64_t count, uint64_t seed) const;
  absl::Status Try(const std::vector<Fault>& faults, Testimony testimony, v1::FaultCount& count);
  absl::StatusOr<std::vector<handoffs::Difference>> Compared(
      const Testimony& testimony, const std::set<std::string>& sign_again);
  absl::StatusOr<handoffs::AgencyIndex> SignedAgain(
      const std::string& agency, const std::vector<audit::v1::HandoffEntry>& entries);
  void Count(const std::vector<Fault>& faults, const std::vector<handoffs::Difference>& found,
             v1::FaultCount& count);
  void Tell(std::string problem);

  const CleanSet& clean_;
  const Signers& signers_;
  handoffs::SignatureJudge judge_;
  const absl::Time now_;
  std::map<std::pair<FaultKind, FaultParty>, v1::FaultCount> counts_;
  v1::FaultCount together_;
  std::vector<std::string> problems_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_INJECT_TRIAL_H_
