#include "tools/waystation/scenes/scenes.h"

namespace waystation::cli {

const std::vector<Scene>& Scenes() {
  static const auto& scenes = *new std::vector<Scene>{
      {"An adult in domestic servitude: from a call to a job", "from a call to a job",
       PlayServitude},
      {"A petition that nobody takes up: overdue, chased, decided", "a handoff stalls",
       PlayOverdue},
      {"Who may petition for continued presence, and who may not", "who may petition",
       PlayPetitioners},
      {"One birth date: at 14, 15, 17 and 18", "one birth date, four ages", PlayAges},
      {"A person declines to return: consent withdrawn, services go on", "a return declined",
       PlayDeclined},
      {"The operator alters one byte of the journal", "one byte altered", PlayTampered,
       /*wants_journal=*/true},
  };
  return scenes;
}

}  // namespace waystation::cli
