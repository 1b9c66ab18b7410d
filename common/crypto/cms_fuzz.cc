// Payloads come from other agencies: decrypting must never crash, and must
// return nothing but what was encrypted to the key.

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/crypto/cms.h"
#include "common/status/status.h"

namespace {

// A published key, made for this target and its corpus; it protects nothing.
constexpr char kKeyPem[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgz//Mnmmw30yeiEnV
SUVEj1hrxFs/AraGDS1Xhse7QdehRANCAASBbBP2e/6vv08aH0k1eiFbWL9aXw1u
sdtMSNKfRg+lpwrjFYy9gQO+k/SvWZgQylBp4KD3FZdldkc5SLNN/FzC
-----END PRIVATE KEY-----
)";
constexpr char kCertificatePem[] = R"(-----BEGIN CERTIFICATE-----
MIIBwDCCAWagAwIBAgIQSBJn6EYBOnZEAX957jUkdjAKBggqhkjOPQQDAjAeMRww
GgYDVQQDDBNwdWJsaXNoZWQgdGVzdCByb290MB4XDTAxMDEwOTIzMDAwMFoXDTAx
MDIwOTAwMDAwMFowFjEUMBIGA1UEAwwLaW5zIGVuY3J5cHQwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASBbBP2e/6vv08aH0k1eiFbWL9aXw1usdtMSNKfRg+lpwrj
FYy9gQO+k/SvWZgQylBp4KD3FZdldkc5SLNN/FzCo4GNMIGKMB0GA1UdDgQWBBTg
dFO6XkNLQGDY/ersfTH1FAVCJjAfBgNVHSMEGDAWgBTym1iyMW4pJb8UTrZwIqqf
GMqxQjAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIDCDAqBgNVHREEIzAhhh9z
cGlmZmU6Ly9idXMuZXhhbXBsZS9hZ2VuY3kvaW5zMAoGCCqGSM49BAMCA0gAMEUC
IH/DHYF8rS9r2b8clsV/fIl4kk/HY37AlrK5D8xBT4vGAiEAkos82QFJ5xXiHp3m
XBBtVvYOuuYfoMbGtSu2r26oDnI=
-----END CERTIFICATE-----
)";

// Every file of the corpus holds one of these or does not open. The tag makes
// it impossible to reach another plaintext by altering bytes; a fuzzer that
// knew the key could, and this one does not use it.
bool IsFromCorpus(const std::string& plaintext) {
  return plaintext.empty() || plaintext == "hello" || plaintext == std::string(300, 'x');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using waystation::crypto::DecryptionKey;
  static const DecryptionKey key = *DecryptionKey::FromPem(kKeyPem, kCertificatePem);
  absl::StatusOr<std::string> plaintext =
      waystation::crypto::Decrypt({reinterpret_cast<const char*>(data), size}, key);
  WS_CHECK(!plaintext.ok() || IsFromCorpus(*plaintext));
  return 0;
}
