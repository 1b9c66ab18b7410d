#ifndef WAYSTATION_SERVICES_BROKER_RECOVERY_H_
#define WAYSTATION_SERVICES_BROKER_RECOVERY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/journal/journal.h"
#include "services/broker/core/state.h"
#include "services/broker/store/projection.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {

// Reads and checks a genesis record: directory, policy, two policy
// administrators of different agencies. Draws a bus id when it has none.
// Errors: INVALID_ARGUMENT names the field.
absl::StatusOr<journal::v1::Genesis> LoadGenesis(const std::string& path);

// Appends the genesis record to an empty journal. Errors: the journal's.
absl::Status WriteGenesis(journal::Journal& journal, const Clock& clock,
                          const journal::v1::Genesis& genesis);

// Whether the projection's head is one that this journal had: a projection that
// is ahead belongs to another journal, or the journal was restored from an
// older backup; it must then be deleted, and comes back.
bool ProjectionFits(const Projection& projection, const journal::Journal& journal);

// Brings the state up to the journal's end, from the projection's snapshot
// where there is one, and the projection with it.
// Errors: DATA_LOSS a record does not parse or does not follow; the journal's.
absl::StatusOr<State> Replay(journal::Journal& journal, Projection& projection);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_RECOVERY_H_
