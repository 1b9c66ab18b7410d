#ifndef WAYSTATION_COMMON_AGENCY_SCHEMA_H_
#define WAYSTATION_COMMON_AGENCY_SCHEMA_H_

#include "common/agency/store.h"

namespace waystation::agency {

// The runtime's own tables; a store needs them before the service's. Names that
// a service must not use for its own: inbox, receipt_batch, outbox, referral,
// request, meta; and casework_*, which are those of common/casework. Thread-safe.
Schema RuntimeSchema();

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_SCHEMA_H_
