#ifndef WAYSTATION_COMMON_CRYPTO_RANDOM_H_
#define WAYSTATION_COMMON_CRYPTO_RANDOM_H_

#include <cstddef>
#include <string>

namespace waystation::crypto {

// Fills `out` with `size` bytes from OpenSSL's generator. Ends the process when
// the generator fails: a guessable handle or nonce could expose a person, so
// there is nothing to go on with. Thread-safe.
void RandomBytes(void* out, size_t size);

// The same as a new string of `size` bytes. Thread-safe.
std::string RandomString(size_t size);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_RANDOM_H_
