#include "common/log/log.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <type_traits>

#include "absl/strings/str_format.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "spdlog/logger.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace waystation::log {
namespace {

constexpr size_t kTextBytesMax = 512;

std::atomic<Level>& Minimum() {
  static std::atomic<Level> minimum{Level::kInfo};
  return minimum;
}

// Never destroyed: threads of gRPC log while the process ends.
spdlog::logger& Lines() {
  static spdlog::logger* logger = [] {
    auto* made =
        new spdlog::logger("waystation", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    return made;
  }();
  return *logger;
}

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

// Bytes outside printable ASCII become \u00XX, valid UTF-8 or not: an outside
// text must neither break the line nor play tricks with a terminal.
void AppendText(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text.substr(0, kTextBytesMax)) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c >= 0x20 && c < 0x7f) {
      out->push_back(c);
    } else {
      absl::StrAppendFormat(out, "\\u%04x", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > kTextBytesMax) absl::StrAppend(out, "... (", text.size(), " bytes)");
  out->push_back('"');
}

void AppendValue(const Field::Value& value, std::string* out) {
  std::visit(
      [out](auto held) {
        using T = decltype(held);
        if constexpr (std::is_same_v<T, std::string_view>) {
          AppendText(held, out);
        } else if constexpr (std::is_same_v<T, bool>) {
          out->append(held ? "true" : "false");
        } else if constexpr (std::is_same_v<T, double>) {
          // JSON has no infinity and no NaN (RFC 8259, section 6).
          absl::StrAppend(out, std::isfinite(held) ? absl::StrCat(held) : "null");
        } else {
          absl::StrAppend(out, held);
        }
      },
      value);
}

void AppendMember(std::string_view name, const Field::Value& value, std::string* out) {
  if (out->size() > 1) out->push_back(',');
  AppendText(name, out);
  out->push_back(':');
  AppendValue(value, out);
}

}  // namespace

std::string FormatLine(absl::Time time, Level level, std::string_view component,
                       std::string_view event, std::initializer_list<Field> fields) {
  const std::string stamp = absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
  std::string line = "{";
  AppendMember("time", std::string_view(stamp), &line);
  AppendMember("level", NameOf(level), &line);
  AppendMember("component", component, &line);
  AppendMember("event", event, &line);
  for (const Field& field : fields) AppendMember(field.name, field.value, &line);
  line.push_back('}');
  return line;
}

void Write(Level level, std::string_view component, std::string_view event,
           std::initializer_list<Field> fields) {
  if (level < Minimum().load(std::memory_order_relaxed)) return;
  const std::string line = FormatLine(SystemClock().Now(), level, component, event, fields);
  Lines().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void SetMinimumLevel(Level level) { Minimum().store(level, std::memory_order_relaxed); }

}  // namespace waystation::log
