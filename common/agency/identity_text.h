#ifndef WAYSTATION_COMMON_AGENCY_IDENTITY_TEXT_H_
#define WAYSTATION_COMMON_AGENCY_IDENTITY_TEXT_H_

#include <string>
#include <string_view>

namespace waystation::agency {

// "ins" of "spiffe://waystation.example/agency/ins"; "" of anything else, also
// of staff. Thread-safe.
std::string AgencyOf(std::string_view identity);

// "spiffe://waystation.example/agency/ins". Thread-safe.
std::string AgencyIdentity(std::string_view trust_domain, std::string_view agency);

// "spiffe://waystation.example/auditor". Thread-safe.
std::string AuditorIdentity(std::string_view trust_domain);

// "officer-7" of ".../agency/ins/staff/officer-7" when it is of that agency;
// "" otherwise. Thread-safe.
std::string StaffOf(std::string_view identity, std::string_view agency_identity);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_IDENTITY_TEXT_H_
