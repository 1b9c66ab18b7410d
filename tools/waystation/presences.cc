#include "tools/waystation/presences.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;
using ins::v1::Presence;

constexpr int kPageSize = 200;  // The most that a service gives.

absl::StatusOr<std::vector<Presence>> ReadRegister(Officer& officer, const PresenceFilter& filter) {
  ins::v1::ListPresencesRequest request;
  for (ins::v1::PresenceState state : filter.states) request.add_states(state);
  request.set_person(filter.person);
  request.set_page_size(kPageSize);
  std::vector<Presence> presences;
  do {
    WS_ASSIGN_OR_RETURN(auto page, officer.Ins(&InsService::Stub::ListPresences, request));
    presences.insert(presences.end(), page.presences().begin(), page.presences().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return presences;
}

Presence AsTold(const doj::v1::Petition& petition) {
  const ins::v1::ContinuedPresenceDecision& decision = petition.decision();
  Presence presence;
  presence.set_presence_id(decision.presence_id());
  presence.set_referral_id(petition.referral_id());
  presence.set_person(petition.person());
  presence.set_petitioner_unit(petition.unit());
  presence.set_mechanism(decision.mechanism());
  presence.set_mechanism_text(decision.mechanism_text());
  *presence.mutable_effective_date() = decision.effective_date();
  *presence.mutable_expires_on() = decision.expires_on();
  if (petition.has_work_authorization()) {
    *presence.mutable_work_authorization() = petition.work_authorization();
  }
  if (petition.has_ended()) {
    presence.set_state(ins::v1::PRESENCE_STATE_ENDED);
    presence.set_end_reason(petition.ended().reason());
    *presence.mutable_expires_on() = petition.ended().ended_on();
  }
  return presence;
}

absl::StatusOr<std::vector<doj::v1::Petition>> ReadGranted(Officer& officer,
                                                           const std::string& person) {
  doj::v1::ListPetitionsRequest request;
  request.add_states(types::v1::REFERRAL_STATE_ANSWERED);
  request.set_person(person);
  request.set_page_size(kPageSize);
  std::vector<doj::v1::Petition> granted;
  do {
    WS_ASSIGN_OR_RETURN(auto page, officer.Doj(&DojService::Stub::ListPetitions, request));
    for (doj::v1::Petition& petition : *page.mutable_petitions()) {
      if (petition.decision().outcome() != ins::v1::DECISION_OUTCOME_GRANTED) continue;
      granted.push_back(std::move(petition));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return granted;
}

bool EndsFirst(const Presence& a, const Presence& b) {
  auto key = [](const Presence& presence) {
    return std::tuple(FormatDate(presence.expires_on()), presence.presence_id());
  };
  return key(a) < key(b);
}

absl::StatusOr<std::vector<Presence>> ReadTold(Officer& officer, const PresenceFilter& filter) {
  if (!filter.states.empty()) {
    return UsageError(Problem("--state", "only INS works it out", officer.staff().agency(),
                              "--as ID of an officer of ins"));
  }
  WS_ASSIGN_OR_RETURN(auto granted, ReadGranted(officer, filter.person));
  std::map<std::string, std::string> presence_of;  // By referral.
  for (const doj::v1::Petition& petition : granted) {
    presence_of[petition.referral_id()] = petition.decision().presence_id();
  }
  std::vector<Presence> presences;
  for (const doj::v1::Petition& petition : granted) {
    presences.push_back(AsTold(petition));
    auto renewed = presence_of.find(petition.renews_referral_id());
    if (renewed != presence_of.end()) presences.back().set_renews_presence_id(renewed->second);
  }
  std::sort(presences.begin(), presences.end(), EndsFirst);
  return presences;
}

}  // namespace

absl::StatusOr<std::vector<Presence>> ReadPresences(Officer& officer,
                                                    const PresenceFilter& filter) {
  return officer.has_petitions() ? ReadTold(officer, filter) : ReadRegister(officer, filter);
}

absl::StatusOr<Presence> FindPresence(Officer& officer, const std::string& presence_id) {
  WS_ASSIGN_OR_RETURN(auto presences, ReadPresences(officer, {}));
  for (Presence& presence : presences) {
    if (presence.presence_id() == presence_id) return std::move(presence);
  }
  return Refusal(absl::StatusCode::kNotFound, "PRESENCE_UNKNOWN",
                 Problem("presence", "unknown", Quoted(presence_id),
                         "one that " + officer.staff().agency() + " knows"));
}

}  // namespace waystation::cli
