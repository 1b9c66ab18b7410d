#ifndef WAYSTATION_SERVICES_HHS_LETTER_NUMBER_H_
#define WAYSTATION_SERVICES_HHS_LETTER_NUMBER_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/ids/random.h"

// Numbers of letters: 11 random digits and the two check digits of ISO/IEC 7064
// MOD 97-10. A clerk types them from paper: any one altered digit and any two
// adjacent ones exchanged are found before anybody looks a number up. A number
// says nothing of the person. Thread-safe functions.

namespace waystation::hhs {

std::string NewLetterNumber(const RandomSource& random);

// Errors: INVALID_ARGUMENT (LETTER_NUMBER_INVALID).
absl::Status CheckLetterNumber(std::string_view number);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_LETTER_NUMBER_H_
