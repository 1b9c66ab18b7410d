// Certificates come from anybody who opens a connection: parsing must never
// crash, and what it accepts must be the one encoding of its content.

#include <cstddef>
#include <cstdint>

#include "common/crypto/certificate.h"
#include "common/status/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using waystation::crypto::Certificate;
  std::string_view der(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Certificate> certificate = Certificate::FromDer(der);
  if (!certificate.ok()) return 0;
  WS_CHECK(certificate->der() == der);
  absl::StatusOr<Certificate> again = Certificate::FromPem(certificate->ToPem());
  WS_CHECK(again.ok() && *again == *certificate);
  // No signature of this form can match, whatever the key.
  WS_CHECK(!certificate->VerifySignature(certificate->sha256(), "\x30").ok());
  return 0;
}
