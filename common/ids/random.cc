#include "common/ids/random.h"

#include <sys/random.h>

#include <cerrno>

#include "common/status/status.h"

namespace waystation {

void SystemRandom(void* out, size_t size) {
  char* next = static_cast<char*>(out);
  while (size > 0) {
    ssize_t got = getrandom(next, size, 0);
    if (got < 0 && errno == EINTR) continue;
    WS_CHECK(got > 0);
    next += got;
    size -= static_cast<size_t>(got);
  }
}

}  // namespace waystation
