#include "common/crypto/openssl.h"

#include <openssl/core_names.h>

#include <climits>
#include <ctime>

namespace waystation::crypto {

absl::Status OpenSslError(absl::StatusCode code, std::string_view thing, std::string_view problem) {
  unsigned long first = ERR_get_error();  // NOLINT(runtime/int): OpenSSL's type.
  const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
  ERR_clear_error();
  std::string text = Problem(thing, problem);
  if (reason != nullptr) absl::StrAppend(&text, " (openssl: ", reason, ")");
  return absl::Status(code, text);
}

OpenSslPtr<BIO> ReadBio(std::string_view bytes) {
  if (bytes.size() > INT_MAX) return nullptr;
  // A null pointer would make OpenSSL refuse an empty text differently.
  const char* data = bytes.empty() ? "" : bytes.data();
  return OpenSslPtr<BIO>(BIO_new_mem_buf(data, static_cast<int>(bytes.size())));
}

std::string BioBytes(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);  // NOLINT(runtime/int): OpenSSL's type.
  if (size <= 0 || data == nullptr) return "";
  return std::string(data, static_cast<size_t>(size));
}

int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

bool IsP256(EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_is_a(key, "EC") != 1) return false;
  char group[64];
  size_t size = 0;
  // Explicitly written curve parameters have no name, so they fail here.
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                     &size) != 1) {
    ERR_clear_error();
    return false;
  }
  return std::string_view(group, size) == "prime256v1";
}

absl::StatusOr<absl::Time> TimeFromAsn1(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, "time", "malformed");
  }
  return absl::FromTimeT(timegm(&fields));
}

}  // namespace waystation::crypto
