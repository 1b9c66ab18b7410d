#ifndef WAYSTATION_TOOLS_WAYSTATION_GENESIS_H_
#define WAYSTATION_TOOLS_WAYSTATION_GENESIS_H_

#include "absl/status/status.h"
#include "tools/waystation/pki.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// Completes the draft of a bus's first record from the authority's folder. In a
// draft, identities and policy administrators are paths ("/agency/doj") below the
// directory's trust domain, and there are no certificates, no roots and no bus_id:
// they come from here, the last drawn anew. Agencies and the auditor are enrolled
// with their certificates of four uses, an operator with none, others with the one
// that signs.
// Thread-safe. Errors: INVALID_ARGUMENT naming what a draft must or must not have;
// FAILED_PRECONDITION a certificate that is not there; those of DirectoryView.
absl::Status CompleteGenesis(const PkiFolder& pki, journal::v1::Genesis* genesis);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_GENESIS_H_
