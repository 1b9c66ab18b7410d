#ifndef WAYSTATION_COMMON_LOG_LOG_H_
#define WAYSTATION_COMMON_LOG_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"

// The log of a process: one JSON object a line on standard error,
//
//   {"time":"2026-11-23T21:40:00.123456Z","level":"info","component":"broker",
//    "event":"listening","port":7443}
//
// An event is a fixed name, what varies goes into fields. Never a payload, key,
// token or name of a person; outside text is escaped and cut at 512 bytes. The
// log is for operators; what must be proven later goes on the record.

namespace waystation::log {

enum class Level { kDebug, kInfo, kWarning, kError };

// One name and value. Borrows its text: use it only inside the call.
struct Field {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, const char* text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  Field(std::string_view field_name, double number) : name(field_name), value(number) {}
  template <std::signed_integral T>
  Field(std::string_view field_name, T number) : name(field_name), value(int64_t{number}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view field_name, T number)
      : name(field_name), value(uint64_t{number}) {}

  std::string_view name;
  Value value;
};

// Writes one line. Below the minimum level it does nothing. Thread-safe.
void Write(Level level, std::string_view component, std::string_view event,
           std::initializer_list<Field> fields = {});

inline void Debug(std::string_view component, std::string_view event,
                  std::initializer_list<Field> fields = {}) {
  Write(Level::kDebug, component, event, fields);
}
inline void Info(std::string_view component, std::string_view event,
                 std::initializer_list<Field> fields = {}) {
  Write(Level::kInfo, component, event, fields);
}
inline void Warning(std::string_view component, std::string_view event,
                    std::initializer_list<Field> fields = {}) {
  Write(Level::kWarning, component, event, fields);
}
inline void Error(std::string_view component, std::string_view event,
                  std::initializer_list<Field> fields = {}) {
  Write(Level::kError, component, event, fields);
}

// The least level that is written; info at the start. Thread-safe.
void SetMinimumLevel(Level level);

// The line that `Write` writes, without the line feed. Thread-safe.
std::string FormatLine(absl::Time time, Level level, std::string_view component,
                       std::string_view event, std::initializer_list<Field> fields);

}  // namespace waystation::log

#endif  // WAYSTATION_COMMON_LOG_LOG_H_
