#ifndef WAYSTATION_COMMON_CLIENT_COMPOSE_H_
#define WAYSTATION_COMMON_CLIENT_COMPOSE_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/evidence/content_types.h"
#include "common/evidence/signer.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::client {

// Makes a message of a header and its payload: fills in `source`,
// `payload_sha256` and `payload_size`, checks every rule that the broker checks
// without knowing the directory, and signs. Each call signs anew: keep the
// result and resend it. Thread-safe.
// Errors: those of evidence::CheckHeader and CheckPayload.
absl::StatusOr<bus::v1::SignedMessage> ComposeMessage(bus::v1::Header header, std::string payload,
                                                      evidence::MessageForm form,
                                                      const evidence::Signer& signer);

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_COMPOSE_H_
