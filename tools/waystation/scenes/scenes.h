#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_SCENES_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_SCENES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/waystation/scenes/stage.h"

// The scenes of the demo, one function for each file. What is told is what the
// services answered: a scene that goes another way than it tells is an error.
// Single-threaded: the command.

namespace waystation::cli {

struct Scene {
  std::string title;
  // One line for the help.
  std::string about;
  absl::Status (*play)(Stage& stage);
  // Alters a copy of the broker's journal: wants Stage::data_dir.
  bool wants_journal = false;
};

// In the order in which they are played; the first is number 1.
const std::vector<Scene>& Scenes();

// From a call to the complaint line to One-Stop services.
absl::Status PlayServitude(Stage& stage);
// A petition that nobody takes up, until somebody chases.
absl::Status PlayOverdue(Stage& stage);
// Who may petition for continued presence.
absl::Status PlayPetitioners(Stage& stage);
// One birth date, four ages.
absl::Status PlayAges(Stage& stage);
// A return that is declined, and a consent that is withdrawn.
absl::Status PlayDeclined(Stage& stage);
// One byte of the journal.
absl::Status PlayTampered(Stage& stage);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_SCENES_H_
