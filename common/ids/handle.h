#ifndef WAYSTATION_COMMON_IDS_HANDLE_H_
#define WAYSTATION_COMMON_IDS_HANDLE_H_

#include <string>
#include <string_view>

#include "common/ids/random.h"

namespace waystation {

// Returns a random handle such as "pv-7q4k-2m9x-0tce": the prefix, then twelve
// characters of Crockford's base 32 (no i, l, o or u, so that it survives being
// read aloud and copied by hand) in groups of four, lower case only, so that two
// spellings of one handle do not exist. 60 random bits. It says
// nothing of the person it stands for. `prefix` is 1 to 8 lower-case letters.
std::string NewHandle(std::string_view prefix, const RandomSource& random);

// Whether `text` has the form that `NewHandle` gives for `prefix`.
bool IsHandle(std::string_view text, std::string_view prefix);

}  // namespace waystation

#endif  // WAYSTATION_COMMON_IDS_HANDLE_H_
