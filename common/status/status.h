#ifndef WAYSTATION_COMMON_STATUS_STATUS_H_
#define WAYSTATION_COMMON_STATUS_STATUS_H_

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

// Errors in Waystation are absl::Status. Text has one form, from `Problem`:
//   <thing>: <problem>, got <value>, want <rule>
// lower case, no full stop, one line, never a key, token or payload.
//
// Debian's Abseil has a string_view of its own that does not convert to
// std::string_view; these functions are the border.

namespace waystation {

// Copies absl's own string_view into a std one. The result lives as long as
// what it points to.
inline std::string_view Std(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// Makes outside text safe to print: escaped, and cut at 64 bytes.
std::string Quoted(std::string_view outside_text);

// The standard error text. Leaves out "got" and "want" where empty.
std::string Problem(std::string_view thing, std::string_view problem, std::string_view got = {},
                    std::string_view want = {});

// A status whose machine reason travels as google.rpc.ErrorInfo.reason.
// `reason` is UPPER_SNAKE, at most 63 characters, and listed in
// protos/README.md. The reason rides in a status payload, so prefixes added by
// callers keep it.
absl::Status Refusal(absl::StatusCode code, std::string_view reason, const std::string& text);

// The reason that `Refusal` stored, or "" when there is none.
std::string ReasonOf(const absl::Status& status);

// Adds one "<context>: " prefix; keeps code and reason. OK stays OK.
absl::Status Prefixed(std::string_view context, const absl::Status& status);

// Broken invariants end the process: going on could lose or leak a person.
// Outside input never does; it gets a Status.
[[noreturn]] inline void Fatal(std::string_view what) {
  std::cerr << "waystation: fatal: " << what << std::endl;
  std::abort();
}

}  // namespace waystation

#define WS_CONCAT_INNER(a, b) a##b
#define WS_CONCAT(a, b) WS_CONCAT_INNER(a, b)

#define WS_RETURN_IF_ERROR(expr)                            \
  do {                                                      \
    if (absl::Status ws_status = (expr); !ws_status.ok()) { \
      return ws_status;                                     \
    }                                                       \
  } while (false)

// WS_ASSIGN_OR_RETURN(auto x, Make());
#define WS_ASSIGN_OR_RETURN(lhs, expr) \
  WS_ASSIGN_OR_RETURN_INNER(WS_CONCAT(ws_result_, __LINE__), lhs, expr)
#define WS_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                              \
  if (!result.ok()) return result.status();          \
  lhs = *std::move(result)

#define WS_CHECK(condition)                                                  \
  do {                                                                       \
    if (!(condition)) ::waystation::Fatal(__FILE__ ": broken: " #condition); \
  } while (false)

#endif  // WAYSTATION_COMMON_STATUS_STATUS_H_
