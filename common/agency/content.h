#ifndef WAYSTATION_COMMON_AGENCY_CONTENT_H_
#define WAYSTATION_COMMON_AGENCY_CONTENT_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/referral/v1/case_content.pb.h"

// The rules of case_content.proto that hold for every procedure. The sender
// keeps them before sealing, the receiver asks again. Thread-safe functions.

namespace waystation::agency {

// Reads a plaintext that came. Errors: INVALID_ARGUMENT (CONTENT_MALFORMED).
absl::StatusOr<referral::v1::CaseContent> ParseContent(std::string_view plaintext);

// Checks each field by itself and against the transition.
// Errors: INVALID_ARGUMENT (CONTENT_MALFORMED) naming the field.
absl::Status CheckContent(const referral::v1::CaseContent& content);

// Checks that the content says of sender, recipients, referral and transition
// what the signed header says.
// Errors: INVALID_ARGUMENT (CONTENT_NOT_BOUND) naming the field.
absl::Status CheckBinding(const referral::v1::CaseContent& content, const bus::v1::Header& header);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CONTENT_H_
