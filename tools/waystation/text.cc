#include "tools/waystation/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "common/crypto/sha256.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

constexpr int kDaysMax = 36'500;

types::v1::Date ToProto(absl::CivilDay day) {
  types::v1::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

// PRESENCE_MECHANISM_ for PresenceMechanism: what its zero value begins with.
std::string PrefixOf(const EnumDescriptor* type) {
  std::string zero = type->FindValueByNumber(0)->name();
  constexpr std::string_view kSuffix = "UNSPECIFIED";
  if (std::string_view(zero).ends_with(kSuffix)) zero.resize(zero.size() - kSuffix.size());
  return zero;
}

std::string WordsOf(const EnumValueDescriptor* value, char gap) {
  std::string words = value->name();
  const std::string prefix = PrefixOf(value->type());
  if (words.compare(0, prefix.size(), prefix) == 0) words.erase(0, prefix.size());
  absl::AsciiStrToLower(&words);
  std::replace(words.begin(), words.end(), '_', gap);
  return words;
}

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t us = absl::ToUnixMicros(time);
  proto.set_seconds(us / 1'000'000);
  proto.set_nanos(static_cast<int>(us % 1'000'000 * 1'000));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return time.seconds() == 0 ? "" : TimeText(FromProto(time));
}

std::string FormatAge(absl::Duration age) {
  if (age < absl::Seconds(1)) return "now";
  if (age < absl::Minutes(2)) return absl::StrCat(absl::ToInt64Seconds(age), "s");
  if (age < absl::Hours(2)) return absl::StrCat(absl::ToInt64Minutes(age), "m");
  if (age < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age), "h");
  return absl::StrCat(absl::ToInt64Hours(age) / 24, "d");
}

std::string FormatDate(const types::v1::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

absl::StatusOr<types::v1::Date> ParseDate(std::string_view flag, std::string_view text,
                                          absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  if (text == "today") return ToProto(today);
  int days = 0;
  if (text.size() > 2 && (text[0] == '+' || text[0] == '-') && text.back() == 'd' &&
      absl::SimpleAtoi(Absl(text.substr(0, text.size() - 1)), &days) && std::abs(days) < kDaysMax) {
    return ToProto(today + days);
  }
  absl::CivilDay day;
  if (text.size() == 10 && absl::ParseCivilTime(Absl(text), &day)) return ToProto(day);
  return UsageError(Problem(flag, "no day", Quoted(text), "2026-11-23, today or +90d"));
}

std::string EnumWords(const EnumDescriptor* type, int value) {
  const EnumValueDescriptor* known = type->FindValueByNumber(value);
  if (known == nullptr) return absl::StrCat("value ", value);
  return value == 0 ? "" : WordsOf(known, ' ');
}

absl::StatusOr<int> ParseEnumWords(const EnumDescriptor* type, std::string_view flag,
                                   std::string_view text) {
  std::string wanted(text);
  std::replace(wanted.begin(), wanted.end(), ' ', '-');
  std::replace(wanted.begin(), wanted.end(), '_', '-');
  std::string names;
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    if (value->number() == 0) continue;
    const std::string name = WordsOf(value, '-');
    if (name == wanted) return value->number();
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
  }
  return UsageError(Problem(flag, "unknown", Quoted(text), names));
}

std::string ShortIdentity(std::string_view identity) {
  constexpr std::string_view kScheme = "spiffe://";
  if (!identity.starts_with(kScheme)) return std::string(identity);
  const size_t slash = identity.find('/', kScheme.size());
  return std::string(slash == std::string_view::npos ? identity : identity.substr(slash + 1));
}

absl::StatusOr<std::string> ParseReferralId(std::string_view text) {
  const bool hex = std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
  if (hex && text.size() == 2 * kReferralIdBytes) return absl::HexStringToBytes(Absl(text));
  std::string bytes;
  if (absl::Base64Unescape(Absl(text), &bytes) && bytes.size() == kReferralIdBytes) return bytes;
  return WithNext(UsageError(Problem("REFERRAL", "malformed", Quoted(text),
                                     "32 hexadecimal digits, as lists print it")),
                  "waystation petition list");
}

std::string FormatReferralId(std::string_view id) { return crypto::Hex(id); }

std::string ShellWord(std::string_view text) {
  constexpr std::string_view kPlain = "-_./:+,=@%";
  const bool plain = std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(c) || kPlain.find(c) != std::string_view::npos;
  });
  if (plain && !text.empty()) return std::string(text);
  return absl::StrCat("'", absl::StrReplaceAll(Absl(text), {{"'", "'\\''"}}), "'");
}

}  // namespace waystation::cli
