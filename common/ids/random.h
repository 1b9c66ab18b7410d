#ifndef WAYSTATION_COMMON_IDS_RANDOM_H_
#define WAYSTATION_COMMON_IDS_RANDOM_H_

#include <cstddef>
#include <functional>

namespace waystation {

// Fills `size` bytes at `out` with random bytes. Injected wherever an id is
// made, so that a test is repeatable from its seed.
using RandomSource = std::function<void(void* out, size_t size)>;

// Fills from the kernel's generator, getrandom(2). Ends the process when the
// kernel has none to give: an id that can be guessed leaks a person.
void SystemRandom(void* out, size_t size);

}  // namespace waystation

#endif  // WAYSTATION_COMMON_IDS_RANDOM_H_
