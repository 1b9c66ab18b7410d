#include "common/crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <climits>

#include "common/status/status.h"

namespace waystation::crypto {

void RandomBytes(void* out, size_t size) {
  auto* next = static_cast<unsigned char*>(out);
  while (size > 0) {
    int piece = static_cast<int>(std::min<size_t>(size, INT_MAX));
    WS_CHECK(RAND_bytes(next, piece) == 1);
    next += piece;
    size -= static_cast<size_t>(piece);
  }
}

std::string RandomString(size_t size) {
  std::string bytes(size, '\0');
  RandomBytes(bytes.data(), size);
  return bytes;
}

}  // namespace waystation::crypto
