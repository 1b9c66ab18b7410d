#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/civil_time.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/petition_terms.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/presence_text.h"
#include "tools/waystation/presences.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;
using ins::v1::Presence;

// What to type after a refusal, by its reason.
std::string NextAfter(const std::string& reason, const std::string& presence_id) {
  if (reason == "PRESENCE_UNKNOWN") return "waystation presence list";
  if (reason == "PRESENCE_ENDED" || reason == "PRESENCE_END_OUTSIDE" ||
      reason == "WORK_BASIS_NOT_OPEN" || absl::StartsWith(reason, "WORK_AUTHORIZATION_")) {
    return "waystation presence show " + presence_id;
  }
  if (reason == "WORK_BASIS_NEEDS_CITATION") return "the same with --citation TEXT";
  if (reason == "WORK_NEEDS_ECONOMIC_NECESSITY") {
    return "the same with --economic-necessity, once it is established";
  }
  if (reason == "SECOND_OFFICIAL_REQUIRED") return "the same with --as ID of another official";
  if (reason == "PROPOSAL_CHANGED") {
    return "the first official's --kind, --reason and --on; who that is: " +
           AsTyped("waystation presence show " + presence_id);
  }
  return "";
}

absl::Status Explain(absl::Status status, const std::string& presence_id,
                     const std::string& request_id = "") {
  const std::string next = NextAfter(ReasonOf(status), presence_id);
  if (!next.empty()) return WithNext(std::move(status), next);
  return request_id.empty() ? status : WithRetry(std::move(status), request_id);
}

struct ListOptions {
  std::string as;
  std::string person;
  std::vector<std::string> states;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--person", options.person, "Only those of this person, pv-...");
  verb.add_option("--state", options.states,
                  "Only these states (INS): future, active, end-proposed, ended, renewed")
      ->delimiter(',');
}

absl::Status RunList(Session& session, const ListOptions& options) {
  PresenceFilter filter;
  filter.person = options.person;
  for (const std::string& text : options.states) {
    WS_ASSIGN_OR_RETURN(auto state, ParseWords<ins::v1::PresenceState>("--state", text));
    filter.states.push_back(state);
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(auto presences, ReadPresences(officer, filter));
  session.out.List(presences, PresenceTable(presences), "no presence");
  return absl::OkStatus();
}

struct ShowOptions {
  std::string as;
  std::string presence;
};

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("PRESENCE", options.presence, "Presence, cp-...")->required();
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  auto presence = FindPresence(officer, options.presence);
  if (!presence.ok()) return Explain(presence.status(), options.presence);
  session.out.Show(*presence, PresenceFields(*presence));
  if (presence->state() == ins::v1::PRESENCE_STATE_END_PROPOSED) {
    session.out.Say("a second official ends it with the first one's kind, reason and day:\n  " +
                    AsTyped("waystation presence end " + presence->presence_id()) +
                    " --kind KIND --on DAY --as ID");
  }
  return absl::OkStatus();
}

struct RenewOptions {
  std::string as;
  std::string request_id;
  std::string presence;
  std::string unit;
  TermsOptions terms;
};

void DeclareRenew(CLI::App& verb, RenewOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PRESENCE", options.presence, "Presence to renew, cp-...")->required();
  verb.add_option("--unit", options.unit, "Unit that petitioned first (default: the officer's)");
  DeclareTerms(verb, options.terms);
  verb.get_option("--from")->description(
      "First day asked for (default: the day after the presence's last)");
  verb.get_option("--until")
      ->description("Last day asked for, after the presence's, e.g. +730d")
      ->required();
}

absl::CivilDay DayOf(const types::v1::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

// Without a gap, and without an overlap that would end the work authorization
// of the presence that runs.
absl::StatusOr<std::string> DayAfter(Officer& officer, const std::string& presence_id) {
  WS_ASSIGN_OR_RETURN(Presence presence, FindPresence(officer, presence_id));
  return absl::FormatCivilTime(DayOf(presence.expires_on()) + 1);
}

absl::Status RunRenew(Session& session, const RenewOptions& options) {
  doj::v1::RequestRenewalRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_presence_id(options.presence);
  request.set_acknowledge_warnings(options.terms.acknowledge);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  request.set_unit(options.unit.empty() ? officer.staff().unit() : options.unit);
  TermsOptions terms = options.terms;
  if (terms.from.empty()) {
    auto from = DayAfter(officer, options.presence);
    if (!from.ok()) return Explain(from.status(), options.presence);
    terms.from = *from;
  }
  WS_RETURN_IF_ERROR(FillTerms(terms, session.clock.Now(), request.mutable_terms()));
  auto response = officer.Doj(&DojService::Stub::RequestRenewal, request);
  if (!response.ok()) {
    return ExplainRefusedPetition(Explain(response.status(), options.presence),
                                  request.request_id());
  }
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  session.out.Say(AsTyped("waystation history " +
                          FormatReferralId(response->petition().referral_id()) + " follows it"));
  return absl::OkStatus();
}

struct EndOptions {
  std::string as;
  std::string request_id;
  std::string presence;
  std::string kind;
  std::string reason;
  std::string on = "today";
};

void DeclareEnd(CLI::App& verb, EndOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PRESENCE", options.presence, "Presence, cp-...")->required();
  // A presence expires by itself; nobody ends it so.
  verb.add_option("--kind", options.kind, "Why it ends")
      ->required()
      ->check(CLI::IsMember(
          {"no-longer-necessary", "withdrawn-by-petitioner", "other-status", "other"}));
  verb.add_option("--reason", options.reason, "Why, without names, when the kind is other");
  verb.add_option("--on", options.on, "Last day of the presence")->capture_default_str();
}

// A renewal is a presence of its own, and does not end with the one it renews.
// Nothing is said when it cannot be read: the end stands either way.
void SayWhatStands(Session& session, Officer& officer, const Presence& ended) {
  PresenceFilter filter;
  filter.states = {ins::v1::PRESENCE_STATE_FUTURE, ins::v1::PRESENCE_STATE_END_PROPOSED};
  filter.person = ended.person();
  auto presences = ReadPresences(officer, filter);
  if (!presences.ok()) return;
  for (const Presence& presence : *presences) {
    if (presence.renews_presence_id() != ended.presence_id()) continue;
    session.out.Say("its renewal still stands, from " + FormatDate(presence.effective_date()) +
                        ": " + AsTyped("waystation presence show " + presence.presence_id()) +
                        " --as " + officer.staff().staff_id(),
                    Tone::kBad);
  }
}

absl::Status RunEnd(Session& session, const EndOptions& options) {
  ins::v1::EndPresenceRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_presence_id(options.presence);
  WS_ASSIGN_OR_RETURN(auto kind, ParseWords<ins::v1::PresenceEndReason>("--kind", options.kind));
  request.set_reason(kind);
  request.set_reason_text(options.reason);
  WS_ASSIGN_OR_RETURN(*request.mutable_ended_on(),
                      ParseDate("--on", options.on, session.clock.Now()));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", options.as));
  auto response = officer.Ins(&InsService::Stub::EndPresence, request);
  if (!response.ok()) return Explain(response.status(), options.presence, request.request_id());
  session.out.Show(response->presence(), PresenceFields(response->presence()));
  if (response->presence().state() == ins::v1::PRESENCE_STATE_END_PROPOSED) {
    session.out.Say("proposed; nothing is sent until a second official types\n  " +
                    SecondEndCommand(request));
  } else {
    session.out.Say("ended by two officials; the petitioner is told");
    SayWhatStands(session, officer, response->presence());
  }
  return absl::OkStatus();
}

struct WorkOptions {
  std::string as;
  std::string request_id;
  std::string presence;
  std::string basis;
  std::string citation;
  std::string from;
  std::string until;
  bool necessity = false;
};

void DeclareWork(CLI::App& verb, WorkOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PRESENCE", options.presence, "Presence, cp-...")->required();
  verb.add_option("--basis", options.basis,
                  "Class of 8 CFR 274a.12: parole, deferred-action, order-of-supervision or other")
      ->required();
  verb.add_option("--citation", options.citation, "Citation of another class");
  verb.add_option("--from", options.from, "First day (default: today, or the presence's first)");
  verb.add_option("--until", options.until, "Last day (default: the presence's)");
  verb.add_flag("--economic-necessity", options.necessity,
                "The person established economic necessity (8 CFR 274a.12(c)(14))");
}

// The days that were typed, else all that is left of the presence.
absl::Status FillDays(Officer& officer, const WorkOptions& options, absl::Time now,
                      ins::v1::WorkAuthorizationTerms* terms) {
  const std::string from = options.from.empty() ? "today" : options.from;
  WS_ASSIGN_OR_RETURN(*terms->mutable_effective_date(), ParseDate("--from", from, now));
  if (!options.until.empty()) {
    WS_ASSIGN_OR_RETURN(*terms->mutable_expires_on(), ParseDate("--until", options.until, now));
  }
  if (!options.from.empty() && !options.until.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(Presence presence, FindPresence(officer, options.presence));
  if (options.from.empty() && DayOf(terms->effective_date()) < DayOf(presence.effective_date())) {
    *terms->mutable_effective_date() = presence.effective_date();
  }
  if (options.until.empty()) *terms->mutable_expires_on() = presence.expires_on();
  return absl::OkStatus();
}

absl::Status RunWork(Session& session, const WorkOptions& options) {
  ins::v1::IssueWorkAuthorizationRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_presence_id(options.presence);
  ins::v1::WorkAuthorizationTerms* terms = request.mutable_terms();
  WS_ASSIGN_OR_RETURN(auto basis,
                      ParseWords<ins::v1::WorkAuthorizationBasis>("--basis", options.basis));
  terms->set_basis(basis);
  terms->set_basis_citation(options.citation);
  terms->set_economic_necessity_established(options.necessity);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", options.as));
  absl::Status filled = FillDays(officer, options, session.clock.Now(), terms);
  if (!filled.ok()) return Explain(std::move(filled), options.presence);
  auto response = officer.Ins(&InsService::Stub::IssueWorkAuthorization, request);
  if (!response.ok()) return Explain(response.status(), options.presence, request.request_id());
  session.out.Show(response->presence(), PresenceFields(response->presence()));
  session.out.Say("work authorized; the petitioner is told");
  return absl::OkStatus();
}

}  // namespace

void AddPresenceVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& presence = AddNoun(app, "presence", "Continued presences that INS granted");
  AddVerb<ListOptions>(presence, chosen, "list",
                       "Presences that the officer's agency knows, the soonest to end first",
                       DeclareList, RunList);
  AddVerb<ShowOptions>(presence, chosen, "show", "One presence as the officer's agency knows it",
                       DeclareShow, RunShow);
  AddVerb<RenewOptions>(presence, chosen, "renew", "Petition INS to renew it (DOJ, DOS)",
                        DeclareRenew, RunRenew);
  AddVerb<EndOptions>(presence, chosen, "end",
                      "End it early: one official proposes, a second types the same (INS)",
                      DeclareEnd, RunEnd);
  AddVerb<WorkOptions>(presence, chosen, "authorize-work",
                       "Authorize work, as an act of its own (INS)", DeclareWork, RunWork);
}

}  // namespace waystation::cli
