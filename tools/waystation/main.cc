#include <csignal>
#include <iostream>

#include "grpc/support/log.h"
#include "tools/waystation/app.h"

int main(int argc, char** argv) {
  // A reader that went away (`waystation tail | head`) is an ordinary end of output.
  std::signal(SIGPIPE, SIG_DFL);
  // What gRPC would log, the command says itself, with the next step.
  gpr_set_log_function([](gpr_log_func_args*) {});
  return waystation::cli::RunCommand(argc, argv, std::cout, std::cerr);
}
