#include "tools/waystation/app.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/output.h"
#include "tools/waystation/session.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

constexpr char kDescription[] =
    "Waystation: the interagency bus for anti-trafficking referrals.\n"
    "Results go to stdout, narration to stderr.";

constexpr char kFooter[] =
    "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 not found, 4 denied, 5 unreachable,\n"
    "6 verification failed.\n"
    "Start here: waystation dev, or waystation demo. To look inside: waystation doctor.";

struct Globals {
  std::string output = "table";
  std::string profile;
  std::string timeout = "10s";
  bool no_color = false;
};

void DeclareGlobals(CLI::App& app, Globals& globals) {
  app.add_option("-o,--output", globals.output, "Form of the results")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.add_option("--profile", globals.profile,
                 "Profile of the bus (else $WAYSTATION_PROFILE, else that of waystation dev)");
  app.add_option("--timeout", globals.timeout, "How long to wait for an answer, e.g. 500ms, 10s")
      ->capture_default_str();
  app.add_flag("--no-color", globals.no_color, "No color, also on a terminal (as NO_COLOR)");
}

void AddVerbs(CLI::App& app, Chosen& chosen) {
  AddDevVerb(app, chosen);
  AddDemoVerb(app, chosen);
  AddStatusVerb(app, chosen);
  AddDoctorVerb(app, chosen);
  AddTailVerb(app, chosen);
  AddDeadLetterVerbs(app, chosen);
  AddHistoryVerb(app, chosen);
  AddEvidenceVerbs(app, chosen);
  AddAuditVerbs(app, chosen);
  AddInboxVerb(app, chosen);
  AddCaseVerbs(app, chosen);
  AddConsentVerbs(app, chosen);
  AddIntakeVerbs(app, chosen);
  AddFindingVerb(app, chosen);
  AddPetitionVerbs(app, chosen);
  AddHandoffVerbs(app, chosen);
  AddAnswerVerb(app, chosen);
  AddPresenceVerbs(app, chosen);
  AddExplainVerb(app, chosen);
  AddCompletionVerb(app, chosen);
  AddCallVerbs(app, chosen);
  AddCertificationVerbs(app, chosen);
  AddLetterVerbs(app, chosen);
  AddServicesVerbs(app, chosen);
  AddReturnHomeVerbs(app, chosen);
  AddPostReportVerbs(app, chosen);
  AddPkiVerbs(app, chosen);
  AddReconcileVerb(app, chosen);
}

absl::StatusOr<absl::Duration> ReadTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() ||
      timeout > absl::Hours(1)) {
    return UsageError(Problem("--timeout", "no duration", Quoted(text), "1ms to 1h, e.g. 10s"));
  }
  return timeout;
}

// The verbs that were read before the error: {app, "petition"} for "petition fil".
std::vector<const CLI::App*> VerbsRead(const CLI::App& app) {
  std::vector<const CLI::App*> read = {&app};
  while (!read.back()->get_subcommands().empty()) {
    read.push_back(read.back()->get_subcommands().front());
  }
  return read;
}

// "waystation petition --help": where somebody looks who typed it wrong.
std::string HelpCommand(const CLI::App& app) {
  std::string command;
  for (const CLI::App* verb : VerbsRead(app)) absl::StrAppend(&command, verb->get_name(), " ");
  return command + "--help";
}

// CLI11's own words, but for a missing or unknown verb, where it names neither.
absl::Status ExplainParseError(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<const CLI::App*> read = VerbsRead(app);
  std::string text = error.what();
  if (read.back()->get_require_subcommand_min() > 0) {
    std::string verbs;
    for (const CLI::App* verb : read.back()->get_subcommands({})) {
      absl::StrAppend(&verbs, verbs.empty() ? "" : ", ", verb->get_name());
    }
    const std::vector<std::string> rest = app.remaining(/*recurse=*/true);
    text = Problem(read.size() == 1 ? "verb" : read.back()->get_name() + " verb",
                   rest.empty() ? "missing" : "unknown", rest.empty() ? "" : Quoted(rest[0]),
                   "one of " + verbs);
  }
  return WithNext(UsageError(text), HelpCommand(app));
}

absl::Status RunChosen(const Globals& globals, const Chosen& chosen, Output& out) {
  WS_ASSIGN_OR_RETURN(absl::Duration timeout, ReadTimeout(globals.timeout));
  SystemClock clock;
  Session session{out, clock, globals.profile, timeout};
  return chosen.run(session);
}

int Fail(const absl::Status& status, Format format, std::ostream& narration) {
  narration << (format == Format::kJson ? FormatErrorJson(status) : FormatError(status))
            << std::flush;
  return static_cast<int>(ExitCodeOf(status));
}

// CLI11 throws; this is the one place where that is caught. Returns -1 to go on.
int Parse(CLI::App& app, int argc, const char* const* argv, std::ostream& results,
          std::ostream& narration) {
  try {
    app.parse(argc, argv);
    return -1;
  } catch (const CLI::Success& asked) {
    return app.exit(asked, results, narration);
  } catch (const CLI::ParseError& error) {
    return Fail(ExplainParseError(app, error), Format::kTable, narration);
  }
}

}  // namespace

int RunCommand(int argc, const char* const* argv, std::ostream& results, std::ostream& narration) {
  CLI::App app(kDescription, "waystation");
  Globals globals;
  Chosen chosen;
  app.footer(kFooter);
  app.fallthrough();
  app.require_subcommand(1);
  DeclareGlobals(app, globals);
  AddVerbs(app, chosen);
  if (int code = Parse(app, argc, argv, results, narration); code >= 0) return code;
  const Format format = globals.output == "json" ? Format::kJson : Format::kTable;
  const bool color = !globals.no_color && WantsColor(STDOUT_FILENO) && WantsColor(STDERR_FILENO);
  Output out(results, narration, format, color);
  absl::Status status = RunChosen(globals, chosen, out);
  // A service refuses a field in the protos' words; the help has the command's.
  if (ExitCodeOf(status) == ExitCode::kUsage || ReasonOf(status) == "FIELD_INVALID") {
    status = WithNext(status, HelpCommand(app));
  }
  return status.ok() ? 0 : Fail(status, format, narration);
}

}  // namespace waystation::cli
