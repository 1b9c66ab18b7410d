// Writes the evidence of two referrals of a bus in memory, and what a verifier is to
// believe, for tests of verifiers in other languages.
// Usage: make_evidence DIR    (makes DIR/one, DIR/two, DIR/roots.pem, DIR/log-policy)
#include <iostream>
#include <string>

#include "common/status/status.h"
#include "tools/waystation/evidence/test_world.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

absl::Status Make(const std::string& dir) {
  TestWorld world;
  world.PlayTogether('1', '2');
  const std::string expired = world.PlayExpiry('3');
  world.Sign();
  for (const auto& [name, id] :
       {std::pair("one", std::string(16, '1')), std::pair("two", std::string(16, '2')),
        std::pair("expired", expired)}) {
    WS_ASSIGN_OR_RETURN(Evidence evidence, MakeEvidence(world.Sources(id)));
    WS_RETURN_IF_ERROR(WriteEvidence(absl::StrCat(dir, "/", name), evidence));
  }
  WS_RETURN_IF_ERROR(WriteFile(dir + "/roots.pem", world.roots_pem(), FileMode::kPublic));
  return WriteFile(dir + "/log-policy", world.policy_text(), FileMode::kPublic);
}

}  // namespace
}  // namespace waystation::cli

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const absl::Status made = waystation::cli::Make(argv[1]);
  if (!made.ok()) std::cerr << made.message() << "\n";
  return made.ok() ? 0 : 1;
}
