#include "common/client/compose.h"

#include <utility>

#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::client {

absl::StatusOr<bus::v1::SignedMessage> ComposeMessage(bus::v1::Header header, std::string payload,
                                                      evidence::MessageForm form,
                                                      const evidence::Signer& signer) {
  const crypto::Digest digest = crypto::Sha256(payload);
  header.set_source(signer.identity());
  header.set_payload_sha256(digest.data(), digest.size());
  header.set_payload_size(payload.size());
  WS_RETURN_IF_ERROR(evidence::CheckHeader(header, form));
  bus::v1::SignedMessage message;
  message.set_header(header.SerializeAsString());
  // The limit of the whole and what the encoding itself could spoil.
  WS_RETURN_IF_ERROR(evidence::ParseHeader(message.header()).status());
  WS_ASSIGN_OR_RETURN(*message.mutable_signature(),
                      signer.SignOne(evidence::kHeaderContent, message.header()));
  message.set_payload(std::move(payload));
  return message;
}

}  // namespace waystation::client
