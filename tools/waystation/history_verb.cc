#include <string>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/history_source.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;

struct HistoryOptions {
  std::string referral;
  std::string as;
};

void DeclareHistory(CLI::App& verb, HistoryOptions& options) {
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  // No environment variable: who is asked must not depend on it.
  verb.add_option(
      "--as", options.as,
      "Officer of the profile: what the officer's agency may see (default: the auditor)");
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

// The steps, and who holds the move; fails when a step does not verify.
absl::Status ShowSteps(Session& session, const VerifiedHistory& history) {
  session.out.List(history.steps, StepTable(history.steps), "no step on the record");
  const bool overdue = history.referral.overdue();
  session.out.Say(NextMoveLine(history.referral, session.clock.Now()),
                  overdue ? Tone::kBad : Tone::kPlain);
  return AllVerified(history.steps);
}

absl::Status AuditorsHistory(Session& session, const Profile& profile, const std::string& id) {
  WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session, profile));
  WS_ASSIGN_OR_RETURN(VerifiedHistory history, source.History(id));
  return ShowSteps(session, history);
}

Table OnwardTable(const casework::v1::GetHistoryResponse& response) {
  Table table{{"ONWARD", "STANDS"}, {}};
  for (const auto& hop : response.onward()) {
    table.rows.push_back(
        {hop.referral_id().empty() ? "of another agency" : FormatReferralId(hop.referral_id()),
         hop.answered() ? "answered" : "open, or ended otherwise"});
  }
  return table;
}

Table GlassTable(const casework::v1::GetHistoryResponse& response) {
  Table table{{"GLASS BROKEN AT", "BY", "UNTIL", "TOLD BY", "WHY"}, {}};
  for (const auto& broken : response.broken_glass()) {
    const referral::v1::BreakGlass& glass = broken.glass();
    table.rows.push_back({TimeText(glass.broken_at()),
                          absl::StrCat(glass.officer().staff_id(), " of ", glass.officer().unit()),
                          TimeText(glass.until()), FormatReferralId(broken.notice_referral_id()),
                          glass.reason()});
  }
  return table;
}

// The agency relays the bus's evidence; each signature is verified here.
absl::Status OfficersHistory(Session& session, const Profile& profile, const std::string& as,
                             const std::string& id) {
  casework::v1::GetHistoryRequest request;
  request.set_referral_id(id);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::Of(session, profile, "", as));
  officer.Say(session, profile);
  WS_ASSIGN_OR_RETURN(auto response, officer.Ask(&CaseworkService::Stub::GetHistory, request));
  WS_ASSIGN_OR_RETURN(HistoryVerifier verifier,
                      VerifierBy(response.directory(), profile.data(), session.clock));
  const absl::Status verified =
      ShowSteps(session, {response.history().referral(), verifier.Verify(response.history(), id)});
  if (response.onward_size() > 0) {
    session.out.List(response.onward(), OnwardTable(response), "");
  }
  if (response.broken_glass_size() > 0) {
    session.out.List(response.broken_glass(), GlassTable(response), "");
  }
  return verified;
}

absl::Status RunHistory(Session& session, const HistoryOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string id, ParseReferralId(options.referral));
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  return options.as.empty() ? AuditorsHistory(session, profile, id)
                            : OfficersHistory(session, profile, options.as, id);
}

}  // namespace

void AddHistoryVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<HistoryOptions>(app, chosen, "history",
                          "Who, when, which transition, whose signature: verified now",
                          DeclareHistory, RunHistory);
}

}  // namespace waystation::cli
