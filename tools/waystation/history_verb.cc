#include <string>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/history_source.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct HistoryOptions {
  std::string referral;
};

void DeclareHistory(CLI::App& verb, HistoryOptions& options) {
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
}

std::string NextMoveLine(const bus::v1::Referral& referral, absl::Time now) {
  const std::string since = absl::StrCat(" since ", TimeText(referral.state_since()));
  if (referral.next_move().empty()) {
    return absl::StrCat(Words(referral.state()), since, "; nobody holds a next move");
  }
  std::string line =
      absl::StrCat(Words(referral.state()), "; next move: ", ShortIdentity(referral.next_move()),
                   since, " (", FormatAge(now - FromProto(referral.state_since())), ")");
  if (referral.overdue()) {
    absl::StrAppend(&line, "; OVERDUE since ", TimeText(referral.due_time()));
  }
  return line;
}

absl::Status RunHistory(Session& session, const HistoryOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string id, ParseReferralId(options.referral));
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session, profile));
  WS_ASSIGN_OR_RETURN(VerifiedHistory history, source.History(id));
  session.out.List(history.steps, StepTable(history.steps), "no step on the record");
  const bool overdue = history.referral.overdue();
  session.out.Say(NextMoveLine(history.referral, session.clock.Now()),
                  overdue ? Tone::kBad : Tone::kPlain);
  return AllVerified(history.steps);
}

}  // namespace

void AddHistoryVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<HistoryOptions>(app, chosen, "history",
                          "Who, when, which transition, whose signature: verified now",
                          DeclareHistory, RunHistory);
}

}  // namespace waystation::cli
