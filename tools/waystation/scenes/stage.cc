#include "tools/waystation/scenes/stage.h"

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {

absl::StatusOr<std::string> Refused(const absl::Status& status, std::string_view reason) {
  if (ReasonOf(status) == reason) return std::string(status.message());
  if (!status.ok()) return status;
  return Unverified(Problem("call", "was let through", "OK", std::string(reason)));
}

absl::Status Must(bool so, std::string_view what, std::string_view got, std::string_view want) {
  return so ? absl::OkStatus() : Unverified(Problem(what, "is not as told", got, want));
}

}  // namespace waystation::cli
