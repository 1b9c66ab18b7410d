#include "common/client/sealed.h"

#include <vector>

#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::client {
namespace {

// The same key may be enrolled for two uses; CMS wants each recipient once.
void AddOnce(crypto::Certificate certificate, std::vector<crypto::Certificate>* out) {
  for (const auto& known : *out) {
    if (known == certificate) return;
  }
  out->push_back(std::move(certificate));
}

}  // namespace

absl::StatusOr<std::string> SealPayload(std::string_view plaintext, std::string_view sender,
                                        std::span<const std::string> recipients,
                                        const evidence::DirectoryView& directory,
                                        const crypto::TrustStore& trust, absl::Time now) {
  if (recipients.empty()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "RECIPIENTS_INVALID",
                   Problem("payload", "no recipient"));
  }
  std::vector<crypto::Certificate> certificates;
  auto add = [&](std::string_view identity, bus::v1::CertificateUse use) -> absl::Status {
    WS_ASSIGN_OR_RETURN(crypto::Certificate certificate,
                        directory.Current(identity, use, trust, now));
    AddOnce(std::move(certificate), &certificates);
    return absl::OkStatus();
  };
  for (const auto& recipient : recipients) {
    WS_RETURN_IF_ERROR(add(recipient, bus::v1::CERTIFICATE_USE_ENCRYPT));
    WS_RETURN_IF_ERROR(add(recipient, bus::v1::CERTIFICATE_USE_RECOVERY));
  }
  WS_RETURN_IF_ERROR(add(sender, bus::v1::CERTIFICATE_USE_ARCHIVE));
  WS_ASSIGN_OR_RETURN(std::string sealed, crypto::Encrypt(plaintext, certificates));
  if (sealed.size() <= kPayloadBytesMax) return sealed;
  return Refusal(absl::StatusCode::kInvalidArgument, "PAYLOAD_LIMIT",
                 Problem("sealed payload", "too large", absl::StrCat(sealed.size(), " bytes"),
                         "at most 1,048,576 bytes"));
}

absl::StatusOr<std::string> OpenPayload(std::string_view sealed,
                                        std::span<const crypto::DecryptionKey> keys) {
  for (const auto& key : keys) {
    auto opened = crypto::Decrypt(sealed, key);
    if (!absl::IsPermissionDenied(opened.status())) return opened;
  }
  return absl::PermissionDeniedError(Problem("payload", "not encrypted to any key at hand"));
}

}  // namespace waystation::client
