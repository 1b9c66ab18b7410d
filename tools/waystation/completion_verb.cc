#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct CompletionOptions {
  std::string shell;
  const CLI::App* app = nullptr;  // The whole command; outlives the verb.
};

void DeclareCompletion(CLI::App& verb, CompletionOptions& options) {
  options.app = verb.get_parent();
  verb.add_option("SHELL", options.shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
}

// The verbs and flags that may follow the verbs of `path`: {"case", "list show ..."}.
using Words = std::vector<std::pair<std::string, std::string>>;

void Collect(const CLI::App& app, const std::string& path, const std::string& inherited,
             Words* words) {
  std::vector<std::string> next;
  for (const CLI::App* verb : app.get_subcommands({})) next.push_back(verb->get_name());
  std::string flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      // Every verb has it, so only the root says it.
      if (path.empty() || name != "help") absl::StrAppend(&flags, " --", name);
    }
  }
  words->push_back({path, absl::StrCat(absl::StrJoin(next, " "), flags, inherited)});
  // What stands at the root may follow every verb.
  const std::string below = path.empty() ? flags : inherited;
  for (const CLI::App* verb : app.get_subcommands({})) {
    Collect(*verb, absl::StrCat(path, path.empty() ? "" : " ", verb->get_name()), below, words);
  }
}

std::string Script(const CLI::App& app) {
  Words words;
  Collect(app, "", "", &words);
  std::string paths, cases;
  for (const auto& [path, next] : words) {
    if (!path.empty()) absl::StrAppend(&paths, paths.empty() ? "" : "|", "\"", path, "\"");
    absl::StrAppend(&cases, "    \"", path, "\") words=\"", next, "\" ;;\n");
  }
  return absl::StrCat(
      "_waystation() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" next word words=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    next=\"${path:+$path }$word\"\n"
      "    case \"$next\" in\n      ",
      paths, ") path=\"$next\" ;;\n    esac\n  done\n  case \"$path\" in\n", cases,
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
      "}\n"
      "complete -F _waystation waystation ws");
}

absl::Status RunCompletion(Session& session, const CompletionOptions& options) {
  if (options.shell == "zsh") session.out.Line("autoload -U +X bashcompinit && bashcompinit");
  session.out.Line(Script(*options.app));
  return absl::OkStatus();
}

}  // namespace

void AddCompletionVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<CompletionOptions>(app, chosen, "completion",
                             "Completion for a shell: source <(waystation completion bash)",
                             DeclareCompletion, RunCompletion);
}

}  // namespace waystation::cli
