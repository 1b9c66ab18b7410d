#ifndef WAYSTATION_COMMON_AGENCY_MEMO_H_
#define WAYSTATION_COMMON_AGENCY_MEMO_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/memo/v1/memo.pb.h"

// The form of memos (memo.proto), which the sender keeps before sealing and the
// receiver asks again. Thread-safe functions.

namespace waystation::agency {

// What memos are about.
inline constexpr std::string_view kComplianceMemo = "waystation.audit.compliance.v1";
inline constexpr std::string_view kFindingMemo = "waystation.audit.finding.v1";

// A memo before it is sealed.
struct MemoDraft {
  std::string message_id;
  std::string recipient;  // Identity.
  std::string type;
  std::string body;
  uint64_t place = 0;  // Of all that this agency made, from 1.
};

// Reads a plaintext that came. Errors: INVALID_ARGUMENT (MEMO_MALFORMED).
absl::StatusOr<memo::v1::Memo> ParseMemo(std::string_view plaintext);

// Checks that a memo says of sender, recipients and type what the signed header
// says. Errors: INVALID_ARGUMENT (MEMO_NOT_BOUND) naming the field.
absl::Status CheckMemoBinding(const memo::v1::Memo& memo, const bus::v1::Header& header);

// Checks the length of a body. Errors: INVALID_ARGUMENT (MEMO_MALFORMED).
absl::Status CheckMemoBody(std::string_view body);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_MEMO_H_
