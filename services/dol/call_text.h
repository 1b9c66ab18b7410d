#ifndef WAYSTATION_SERVICES_DOL_CALL_TEXT_H_
#define WAYSTATION_SERVICES_DOL_CALL_TEXT_H_

#include <string_view>

#include "absl/status/status.h"
#include "common/agency/fields.h"

// Text of a call's record, which holds no name and no caller id. Pure functions. Thread-safe.

namespace waystation::dol {

// Whether the text has seven or more digits in a row, with nothing between but
// spaces, dots, dashes and parentheses; in Latin, Arabic, Persian, Devanagari
// and full-width digits, since a caller's number is copied as it was written.
bool HoldsTelephoneNumber(std::string_view text);

// As agency::CheckText. Errors: INVALID_ARGUMENT (FIELD_INVALID,
// NAME_NOT_ALLOWED, CALLER_ID_NOT_ALLOWED).
absl::Status CheckCallText(std::string_view field, std::string_view text,
                           agency::TextLimits limits);

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_CALL_TEXT_H_
