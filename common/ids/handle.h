#ifndef WAYSTATION_COMMON_IDS_HANDLE_H_
#define WAYSTATION_COMMON_IDS_HANDLE_H_

#include <string>
#include <string_view>

#include "common/ids/random.h"

namespace waystation {

// Returns a random handle such as "pv-7Q4K-2M9X-0TCE": the prefix, then twelve
// characters of Crockford's base 32 (no I, L, O or U, so that it survives being
// read aloud and copied by hand) in groups of four. 60 random bits. It says
// nothing of the person it stands for. `prefix` is 1 to 8 lower-case letters.
std::string NewHandle(std::string_view prefix, const RandomSource& random);

// Whether `text` has the form that `NewHandle` gives for `prefix`.
bool IsHandle(std::string_view text, std::string_view prefix);

}  // namespace waystation

#endif  // WAYSTATION_COMMON_IDS_HANDLE_H_
