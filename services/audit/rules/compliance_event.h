#ifndef WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_EVENT_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_EVENT_H_

#include <string_view>

#include "absl/status/status.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::audit {

// Whether an event keeps every limit of compliance.proto and is its sender's to
// tell: nobody ends a finding by words about another agency. Thread-safe.
// Errors: INVALID_ARGUMENT (EVENT_MALFORMED) naming the field; PERMISSION_DENIED
// (EVENT_NOT_YOURS).
absl::Status CheckEvent(const v1::ComplianceEvent& event, std::string_view sender);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_COMPLIANCE_EVENT_H_
