#ifndef WAYSTATION_COMMON_CRYPTO_CMS_SHAPE_H_
#define WAYSTATION_COMMON_CRYPTO_CMS_SHAPE_H_

#include <optional>
#include <string_view>
#include <vector>

namespace waystation::crypto {

// Checks that `der` has the one shape of cms.h, down to each algorithm
// identifier and length, and returns how it names its recipients: the content of
// each IssuerAndSerialNumber (RFC 5652 10.2.4), which points into `der`. Nothing
// when the shape is another.
//
// OpenSSL would also take older algorithms, no authentication, a tag cut to four
// bytes, BER, and an issuer in other capitals; so this looks first, and OpenSSL
// sees only bytes of that shape. Keys and ciphertext are left to it. Thread-safe.
std::optional<std::vector<std::string_view>> CmsRecipientNames(std::string_view der);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_CMS_SHAPE_H_
