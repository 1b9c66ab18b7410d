#include "common/status/status.h"

#include <optional>
#include <utility>

#include "absl/strings/cord.h"

namespace waystation {
namespace {

constexpr char kReasonUrl[] = "waystation/reason";
constexpr size_t kQuotedBytesMax = 64;

}  // namespace

std::string Quoted(std::string_view outside_text) {
  std::string_view cut = outside_text.substr(0, kQuotedBytesMax);
  std::string quoted = absl::StrCat("\"", absl::CHexEscape(Absl(cut)), "\"");
  if (cut.size() < outside_text.size()) {
    absl::StrAppend(&quoted, "... (", outside_text.size(), " bytes)");
  }
  return quoted;
}

std::string Problem(std::string_view thing, std::string_view problem, std::string_view got,
                    std::string_view want) {
  std::string text = absl::StrCat(Absl(thing), ": ", Absl(problem));
  if (!got.empty()) absl::StrAppend(&text, ", got ", Absl(got));
  if (!want.empty()) absl::StrAppend(&text, ", want ", Absl(want));
  return text;
}

absl::Status Refusal(absl::StatusCode code, std::string_view reason, const std::string& text) {
  absl::Status status(code, text);
  status.SetPayload(kReasonUrl, absl::Cord(Absl(reason)));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return "";
  return std::string(*payload);
}

absl::Status Prefixed(std::string_view context, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status prefixed(status.code(), absl::StrCat(Absl(context), ": ", status.message()));
  if (std::string reason = ReasonOf(status); !reason.empty()) {
    prefixed.SetPayload(kReasonUrl, absl::Cord(reason));
  }
  return prefixed;
}

}  // namespace waystation
