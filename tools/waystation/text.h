#ifndef WAYSTATION_TOOLS_WAYSTATION_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "waystation/types/v1/date.pb.h"

// How values read and print on the command line. Thread-safe functions.

namespace waystation::cli {

absl::Time FromProto(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToProto(absl::Time time);

// "2026-11-23 21:40:00Z", or "" for the zero time.
std::string TimeText(const google::protobuf::Timestamp& time);
std::string TimeText(absl::Time time);

// "3s", "12m", "5h", "4d": how long ago `then` was, in one unit.
std::string FormatAge(absl::Duration age);

// "2026-11-23", "" when unset.
std::string FormatDate(const types::v1::Date& date);

// "2026-11-23", "today", "+90d" (days from today, UTC) or "-3d".
// Errors: INVALID_ARGUMENT (usage) naming `flag`.
absl::StatusOr<types::v1::Date> ParseDate(std::string_view flag, std::string_view text,
                                          absl::Time now);

// The name of an enum value without its prefix, in small letters with blanks:
// TRANSITION_TAKE_UP -> "take up". A number that is not known is "value 42".
std::string EnumWords(const google::protobuf::EnumDescriptor* type, int value);

template <typename Enum>
std::string Words(Enum value) {
  return EnumWords(google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// The value that `text` names: "stay-of-removal" or "stay of removal" ->
// PRESENCE_MECHANISM_STAY_OF_REMOVAL. The zero value has no name.
// Errors: INVALID_ARGUMENT (usage) naming `flag` and every name there is.
absl::StatusOr<int> ParseEnumWords(const google::protobuf::EnumDescriptor* type,
                                   std::string_view flag, std::string_view text);

template <typename Enum>
absl::StatusOr<Enum> ParseWords(std::string_view flag, std::string_view text) {
  auto value = ParseEnumWords(google::protobuf::GetEnumDescriptor<Enum>(), flag, text);
  if (!value.ok()) return value.status();
  return static_cast<Enum>(*value);
}

// The last part of an identity: "spiffe://waystation.example/agency/ins" ->
// "agency/ins". What is no identity stays as it is.
std::string ShortIdentity(std::string_view identity);

// A referral's 16 bytes from 32 hexadecimal digits, or from the base64 of the
// protos' own JSON, which other clients print. Errors: INVALID_ARGUMENT (usage).
absl::StatusOr<std::string> ParseReferralId(std::string_view text);

// 32 hexadecimal digits.
std::string FormatReferralId(std::string_view id);

// `text` as one word of a shell: as it is, or in single quotes.
std::string ShellWord(std::string_view text);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_TEXT_H_
