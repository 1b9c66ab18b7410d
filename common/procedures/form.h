#ifndef WAYSTATION_COMMON_PROCEDURES_FORM_H_
#define WAYSTATION_COMMON_PROCEDURES_FORM_H_

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/agency/fields.h"
#include "common/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "waystation/types/v1/safe_contact.pb.h"

// Fields that several contracts have. Pure functions. Thread-safe.

namespace waystation::procedures {

// An enum that is set and known. Errors: INVALID_ARGUMENT (FIELD_INVALID).
template <typename Enum>
absl::Status CheckEnum(std::string_view field, Enum value) {
  const bool known =
      google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value) != nullptr;
  if (known && value != 0) return absl::OkStatus();
  return agency::BadField(field, "not a value", absl::StrCat(static_cast<int>(value)),
                          "a known one");
}

// A repeated enum: at least one, known, none twice.
template <typename Enum>
absl::Status CheckEnums(std::string_view field, const google::protobuf::RepeatedField<int>& values,
                        bool may_be_empty = false) {
  if (values.empty() && !may_be_empty) {
    return agency::BadField(field, "empty", "", "at least one");
  }
  for (auto it = values.begin(); it != values.end(); ++it) {
    WS_RETURN_IF_ERROR(CheckEnum(field, static_cast<Enum>(*it)));
    if (std::find(std::next(it), values.end(), *it) == values.end()) continue;
    return agency::BadField(field, "a value twice", absl::StrCat(*it), "each once");
  }
  return absl::OkStatus();
}

// BCP 47, at most 35 characters; empty means unknown.
inline absl::Status CheckLanguage(std::string_view language) {
  return language.empty() ? absl::OkStatus() : agency::CheckToken("language", language, 35, "-");
}

// ISO 3166-1 alpha-2, upper case.
inline absl::Status CheckCountry(std::string_view country) {
  const bool good = country.size() == 2 && std::all_of(country.begin(), country.end(),
                                                       [](char c) { return c >= 'A' && c <= 'Z'; });
  if (good) return absl::OkStatus();
  return agency::BadField("country", "not a code", Quoted(country), "two letters of ISO 3166-1");
}

// What is known of an age, when something is.
template <typename Message>
absl::Status CheckAge(const Message& message, absl::CivilDay today) {
  return message.has_age() ? agency::ToAge(message.age(), today).status() : absl::OkStatus();
}

// A whole plan: each of its required fields.
inline absl::Status CheckSafeContact(const types::v1::SafeContactPlan& plan) {
  constexpr agency::TextLimits kField{1, 200};
  WS_RETURN_IF_ERROR(agency::CheckText("safe_contact.way", plan.way(), kField));
  WS_RETURN_IF_ERROR(agency::CheckText("safe_contact.hours", plan.hours(), kField));
  return agency::CheckText("safe_contact.if_somebody_else_answers", plan.if_somebody_else_answers(),
                           kField);
}

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_FORM_H_
