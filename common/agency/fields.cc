#include "common/agency/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::agency {
namespace {

constexpr size_t kUnitBytesMax = 128;
constexpr size_t kPersonBytesMax = 64;
constexpr int kStatesMax = 10;

// Words that stand before a name in forms. A longer word that ends in one
// counts too: "surname", "first_name".
constexpr std::array<std::string_view, 7> kLabels = {"name",  "names", "nombre", "apellido",
                                                     "alias", "aka",   "a.k.a."};

bool IsLower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7f;
  });
}

// Whether what follows a label makes it one: "name: x", "\"name\" = x", "name is x".
bool Introduces(std::string_view rest) {
  size_t at = rest.find_first_not_of(" \t\n\"'*_");
  if (at == std::string_view::npos) return false;
  rest.remove_prefix(at);
  return rest.front() == ':' || rest.front() == '=' || rest.substr(0, 3) == "is ";
}

bool LabelsName(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(Absl(text));
  for (std::string_view label : kLabels) {
    for (size_t at = lower.find(label); at != std::string::npos; at = lower.find(label, at + 1)) {
      if (Introduces(std::string_view(lower).substr(at + label.size()))) return true;
    }
  }
  return false;
}

// The wire and the law number the same things alike (tested); only the
// openness of proto3 enums is in the way.
template <typename Law, typename Values>
absl::StatusOr<std::vector<Law>> ToList(std::string_view field, const Values& wire, int last) {
  std::set<int> seen;
  std::vector<Law> law;
  for (int value : wire) {
    if (value < 1 || value > last || !seen.insert(value).second) {
      return BadField(field, "unknown or doubled value", absl::StrCat(value),
                      "each known value at most once");
    }
    law.push_back(static_cast<Law>(value));
  }
  return law;
}

}  // namespace

absl::Status BadField(std::string_view field, std::string_view problem, std::string_view got,
                      std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "FIELD_INVALID",
                 Problem(field, problem, got, want));
}

absl::Status CheckText(std::string_view field, std::string_view text, TextLimits limits) {
  const size_t characters = Characters(text);
  if (characters < limits.least || characters > limits.most) {
    return BadField(field, "wrong length", absl::StrCat(characters, " characters"),
                    absl::StrCat(limits.least, " to ", limits.most));
  }
  if (HasControl(text)) return BadField(field, "control character", "", "plain text");
  if (!LabelsName(text)) return absl::OkStatus();
  return Refusal(absl::StatusCode::kInvalidArgument, "NAME_NOT_ALLOWED",
                 Problem(field, "labels a name", "", "people as handles, without names"));
}

absl::Status CheckToken(std::string_view field, std::string_view text, size_t most,
                        std::string_view others) {
  const bool good =
      !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
        return IsLower(c) || (c >= 'A' && c <= 'Z') || others.find(c) != std::string_view::npos;
      });
  if (good) return absl::OkStatus();
  return BadField(field, "wrong form", absl::StrCat(text.size(), " bytes"),
                  absl::StrCat("1 to ", most, " of letters, digits and \"", Absl(others), "\""));
}

absl::Status CheckUnit(std::string_view field, std::string_view unit, std::string_view agency) {
  const std::string prefix = absl::StrCat(Absl(agency), "/");
  std::string_view name = unit.substr(std::min(prefix.size(), unit.size()));
  const bool good =
      unit.size() <= kUnitBytesMax && unit.substr(0, prefix.size()) == prefix && !name.empty() &&
      std::all_of(name.begin(), name.end(), [](char c) { return IsLower(c) || c == '-'; });
  if (good) return absl::OkStatus();
  return BadField(field, "not a unit", Quoted(unit), absl::StrCat("\"", prefix, "<unit>\""));
}

absl::Status CheckPerson(std::string_view person) {
  const bool good =
      person.size() > 3 && person.size() <= kPersonBytesMax && person.substr(0, 3) == "pv-" &&
      std::all_of(person.begin(), person.end(), [](char c) { return IsLower(c) || c == '-'; });
  if (good) return absl::OkStatus();
  // What came may be a name: it must not reach a log.
  return BadField("person", "not a handle", absl::StrCat(person.size(), " bytes"),
                  "\"pv-\" and at most 61 of [a-z0-9-]");
}

absl::Status CheckReferralId(std::string_view referral_id) {
  if (referral_id.size() == kReferralIdBytes) return absl::OkStatus();
  return BadField("referral_id", "wrong length", absl::StrCat(referral_id.size(), " bytes"), "16");
}

absl::Status CheckVersion(int64_t expected_version) {
  if (expected_version >= 1) return absl::OkStatus();
  return BadField("expected_version", "missing", absl::StrCat(expected_version), "1 or more");
}

absl::Status CheckStates(const google::protobuf::RepeatedField<int>& states) {
  if (states.size() > kStatesMax) {
    return BadField("states", "too many", absl::StrCat(states.size()), "at most 10");
  }
  for (int state : states) {
    if (types::v1::ReferralState_IsValid(state) && state != 0) continue;
    return BadField("states", "unknown value", absl::StrCat(state), "a known state");
  }
  return absl::OkStatus();
}

absl::CivilDay DayOf(absl::Time time) { return absl::ToCivilDay(time, absl::UTCTimeZone()); }

types::v1::Date ToDate(absl::CivilDay day) {
  types::v1::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::StatusOr<absl::CivilDay> ToDay(std::string_view field, const types::v1::Date& date) {
  auto day = statute::MakeDay(date.year(), date.month(), date.day());
  if (!day.ok()) return Prefixed(field, day.status());
  return day;
}

absl::StatusOr<statute::SevereFormElements> ToElements(const types::v1::SevereFormElements& wire) {
  if (!types::v1::ExploitationAct_IsValid(wire.act())) {
    return BadField("elements.act", "unknown value", absl::StrCat(wire.act()), "a known act");
  }
  statute::SevereFormElements law;
  law.act = static_cast<statute::Act>(wire.act());
  WS_ASSIGN_OR_RETURN(law.conduct, ToList<statute::Conduct>("elements.conduct", wire.conduct(),
                                                            types::v1::TraffickingConduct_MAX));
  WS_ASSIGN_OR_RETURN(law.means, ToList<statute::Means>("elements.means", wire.means(),
                                                        types::v1::TraffickingMeans_MAX));
  WS_ASSIGN_OR_RETURN(law.purposes, ToList<statute::Purpose>("elements.purposes", wire.purposes(),
                                                             types::v1::LaborPurpose_MAX));
  law.under_eighteen_at_act = wire.under_eighteen_at_act();
  return law;
}

absl::StatusOr<statute::PersonAge> ToAge(const types::v1::PersonAge& wire, absl::CivilDay today) {
  statute::PersonAge age;
  if (wire.has_birth_date()) {
    WS_ASSIGN_OR_RETURN(absl::CivilDay born, ToDay("age.birth_date", wire.birth_date()));
    WS_RETURN_IF_ERROR(statute::CheckBirthDate(born, today));
    age.birth_date = born;
  } else if (!types::v1::AgeBracket_IsValid(wire.bracket())) {
    return BadField("age.bracket", "unknown value", absl::StrCat(wire.bracket()),
                    "a known bracket");
  } else {
    age.bracket = static_cast<statute::AgeBracket>(wire.bracket());
  }
  return age;
}

}  // namespace waystation::agency
