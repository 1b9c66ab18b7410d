// Writes a broker's folder of so many records, and the policy to believe its log by, for
// tests of readers that need more than a bus makes in a moment.
// Usage: make_log_folder DIR RECORDS    (makes DIR/broker, DIR/log-policy)
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "tests/bench/log_folder.h"
#include "tools/waystation/files.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string dir = argv[1];
  std::filesystem::create_directories(dir + "/broker");
  waystation::bench::LogFolder folder(dir + "/broker");
  folder.Fill(std::strtoull(argv[2], nullptr, 10));
  const absl::Status written = waystation::cli::WriteFile(dir + "/log-policy", folder.policy(),
                                                          waystation::cli::FileMode::kPublic);
  if (!written.ok()) std::cerr << written.message() << "\n";
  return written.ok() ? 0 : 1;
}
