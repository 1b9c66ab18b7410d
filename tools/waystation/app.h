#ifndef WAYSTATION_TOOLS_WAYSTATION_APP_H_
#define WAYSTATION_TOOLS_WAYSTATION_APP_H_

#include <ostream>

namespace waystation::cli {

// The waystation command: reads the command line, runs the chosen verb, prints
// its error, returns its exit code.
//
//   int main(int argc, char** argv) { return RunCommand(argc, argv, std::cout, std::cerr); }
//
// Single-threaded: the command.
int RunCommand(int argc, const char* const* argv, std::ostream& results, std::ostream& narration);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_APP_H_
