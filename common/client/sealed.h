#ifndef WAYSTATION_COMMON_CLIENT_SEALED_H_
#define WAYSTATION_COMMON_CLIENT_SEALED_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/cms.h"
#include "common/crypto/trust.h"
#include "common/evidence/directory.h"

namespace waystation::client {

// Encrypts a case payload: to each recipient's encrypt certificate, its offline
// recovery certificate, and the sender's archive certificate, all of them good
// at `now` by the agency's own `trust`. Randomised: seal once and keep the
// bytes. Thread-safe.
// Errors: INVALID_ARGUMENT (PAYLOAD_LIMIT) the sealed payload is above 1 MiB,
// (RECIPIENTS_INVALID) no recipient; NOT_FOUND (CERTIFICATE_UNKNOWN) one of the
// certificates is missing or not good; the text says whose.
absl::StatusOr<std::string> SealPayload(std::string_view plaintext, std::string_view sender,
                                        std::span<const std::string> recipients,
                                        const evidence::DirectoryView& directory,
                                        const crypto::TrustStore& trust, absl::Time now);

// Decrypts a case payload with the first of `keys` that it was encrypted to;
// older keys open what was sent before a rotation. Thread-safe.
// Errors: PERMISSION_DENIED none of the keys is a recipient; those of
// crypto::Decrypt.
absl::StatusOr<std::string> OpenPayload(std::string_view sealed,
                                        std::span<const crypto::DecryptionKey> keys);

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_SEALED_H_
