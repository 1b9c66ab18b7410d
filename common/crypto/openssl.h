#ifndef WAYSTATION_COMMON_CRYPTO_OPENSSL_H_
#define WAYSTATION_COMMON_CRYPTO_OPENSSL_H_

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/status.h"

// What the files of common/crypto share. Never included by another folder.

namespace waystation::crypto {

inline void FreeOpenSslBytes(unsigned char* bytes) { OPENSSL_free(bytes); }

struct OpenSslFree {
  // Every ASN1_ type of strings, integers and times is this one structure.
  void operator()(ASN1_STRING* p) const { ASN1_STRING_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(CMS_ContentInfo* p) const { CMS_ContentInfo_free(p); }
  void operator()(EVP_CIPHER* p) const { EVP_CIPHER_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(X509_REVOKED* p) const { X509_REVOKED_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  // The list alone: the certificates in it belong to others.
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }
};

// Owns any OpenSSL object of this folder.
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

// Empties this thread's OpenSSL error queue at both ends of a scope. gRPC reads
// the same queue after its TLS calls, so an error left by us would break a
// healthy connection, and one left by it would appear in our text.
class ErrorQueueScope {
 public:
  ErrorQueueScope() { ERR_clear_error(); }
  ~ErrorQueueScope() { ERR_clear_error(); }
  ErrorQueueScope(const ErrorQueueScope&) = delete;
  ErrorQueueScope& operator=(const ErrorQueueScope&) = delete;
};

// A failure of OpenSSL in the standard text, with the reason from the bottom of
// the error queue (the root cause), which it empties.
absl::Status OpenSslError(absl::StatusCode code, std::string_view thing, std::string_view problem);

// A read-only BIO over `bytes`, which must outlive it. Null on failure or above INT_MAX.
OpenSslPtr<BIO> ReadBio(std::string_view bytes);

// The bytes gathered in a memory BIO.
std::string BioBytes(BIO* bio);

// A password callback that has none: an encrypted PEM key is refused instead of
// asking on the terminal.
int NoPassword(char* buffer, int size, int writing, void* context);

// Runs an i2d function into a string; "" on failure.
template <typename T, typename Encode>
std::string DerOf(Encode encode, T* object) {
  unsigned char* bytes = nullptr;
  int size = encode(object, &bytes);
  if (size <= 0) return "";
  std::unique_ptr<unsigned char, decltype(&FreeOpenSslBytes)> owned(bytes, FreeOpenSslBytes);
  return std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

inline const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool IsP256(EVP_PKEY* key);

// Errors: INVALID_ARGUMENT the time is malformed.
absl::StatusOr<absl::Time> TimeFromAsn1(const ASN1_TIME* time);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_OPENSSL_H_
