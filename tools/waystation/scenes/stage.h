#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_STAGE_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_STAGE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/waystation/play.h"
#include "tools/waystation/scenes/teller.h"
#include "tools/waystation/signals.h"

namespace waystation::cli {

// What a scene is played with. All are borrowed. A function with a lambda takes its
// members one by one: clang before 16 captures no structured binding.
//
// Single-threaded: the command.
struct Stage {
  Play& play;
  Teller& teller;
  Signals& signals;
  // The folder with the broker's journal; empty when it is not known.
  std::string data_dir;
};

// What was refused must be refused, and for this reason; returns its words.
// Errors: FAILED_PRECONDITION (exit code 6) when it was not refused; any other
// error as it is.
absl::StatusOr<std::string> Refused(const absl::Status& status, std::string_view reason);

// Errors: FAILED_PRECONDITION (exit code 6) naming `what` when it is not so.
absl::Status Must(bool so, std::string_view what, std::string_view got, std::string_view want);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_STAGE_H_
