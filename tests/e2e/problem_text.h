#ifndef WAYSTATION_TESTS_E2E_PROBLEM_TEXT_H_
#define WAYSTATION_TESTS_E2E_PROBLEM_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace waystation::harness {

// A refusal's text, taken apart. Contexts before the thing are part of it.
struct ProblemText {
  std::string thing;
  std::string problem;
  std::string got;
  std::string want;
};

// Reads `<thing>: <problem>, got <value>, want <rule>`, all four given: the form of
// common/status. Quoted text counts as one piece, whatever stands in it. Nothing for
// a text of any other form: not one line of printable ASCII, a capital first, a full
// stop last, a part missing, empty or given twice.
std::optional<ProblemText> ParseProblem(std::string_view text);

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_E2E_PROBLEM_TEXT_H_
