#ifndef WAYSTATION_TOOLS_WAYSTATION_SESSION_H_
#define WAYSTATION_TOOLS_WAYSTATION_SESSION_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "tools/waystation/output.h"
#include "tools/waystation/profile.h"

namespace waystation::cli {

// What every verb works with: where to write, which bus, how long to wait.
//
// Single-threaded: the command.
struct Session {
  Output& out;
  const Clock& clock;
  std::string profile_flag;
  absl::Duration timeout;

  // The profile by --profile, environment or default. Errors: of Profile::Load.
  absl::StatusOr<Profile> LoadProfile() const {
    return Profile::Load(FindProfilePath(profile_flag));
  }
};

// The verb that the command line chose; runs after parsing, since CLI11 throws
// and nothing of ours may run inside it.
struct Chosen {
  std::function<absl::Status(Session&)> run;
};

// Adds the verb `name`, whose options live as long as `parent`; `declare` ties
// them to flags, `run` is what the verb does.
//
//   AddVerb<TailOptions>(app, chosen, "tail", "Follow the record", DeclareTail, RunTail);
template <typename Options>
CLI::App* AddVerb(CLI::App& parent, Chosen& chosen, const std::string& name,
                  const std::string& description, void (*declare)(CLI::App&, Options&),
                  absl::Status (*run)(Session&, const Options&)) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = parent.add_subcommand(name, description);
  declare(*verb, *options);
  verb->callback([&chosen, options, run] {
    chosen.run = [options, run](Session& session) { return run(session, *options); };
  });
  return verb;
}

// Adds a noun that wants one of its verbs.
inline CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& description) {
  CLI::App* noun = app.add_subcommand(name, description);
  noun->require_subcommand(1);
  return *noun;
}

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SESSION_H_
