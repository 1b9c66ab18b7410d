#ifndef WAYSTATION_COMMON_EVIDENCE_LEAF_H_
#define WAYSTATION_COMMON_EVIDENCE_LEAF_H_

#include <string_view>

#include "common/crypto/sha256.h"

namespace waystation::evidence {

// Hash of one leaf of a signed batch: SHA-256(0x00 || PAE(type, content)), the
// RFC 6962 leaf hash of the DSSE pre-authentication encoding. Streams the
// encoding; allocates nothing. Thread-safe.
crypto::Digest LeafHash(std::string_view type, std::string_view content);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_LEAF_H_
