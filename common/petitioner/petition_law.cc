#include "common/petitioner/petition_law.h"

#include <string>

#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"

namespace waystation::petitioner {
namespace {

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::Mechanism::kStayOfRemoval) ==
              ins::v1::PRESENCE_MECHANISM_STAY_OF_REMOVAL);
static_assert(static_cast<int>(statute::Mechanism::kOther) == ins::v1::PresenceMechanism_MAX);

using agency::BadField;
using agency::CheckText;
using agency::CheckToken;
using agency::DayOf;
using agency::TextLimits;
using agency::ToDay;
using agency::ToElements;
using agency::ToFinding;
using agency::Tx;

constexpr TextLimits kLongText{1, 8'000};
constexpr size_t kCaseNumberBytesMax = 64;
constexpr int kPageRows = 200;

bool IsOpen(types::v1::ReferralState state) {
  // No state: the bus refused the request itself.
  return state != types::v1::REFERRAL_STATE_UNSPECIFIED && !agency::IsFinal(state);
}

absl::StatusOr<statute::Presence> PresenceOf(const v1::Petition& granted) {
  const ins::v1::ContinuedPresenceDecision& decision = granted.decision();
  statute::Presence presence;
  presence.person = granted.person();
  presence.mechanism = static_cast<statute::Mechanism>(decision.mechanism());
  WS_ASSIGN_OR_RETURN(presence.effective_date, ToDay("effective_date", decision.effective_date()));
  WS_ASSIGN_OR_RETURN(presence.expires_on, ToDay("expires_on", decision.expires_on()));
  presence.ended = granted.has_ended();
  return presence;
}

// The attribute is read where the other side reads it: in the bus's directory.
// Units of ours stand under the agency's own identity.
absl::StatusOr<bool> IsFederalLawEnforcement(const Petitioner& petitioner, Tx& tx,
                                             std::string_view unit) {
  const evidence::DirectoryView* directory = tx.directory();
  if (directory == nullptr) {
    return Refusal(absl::StatusCode::kUnavailable, "DIRECTORY_UNKNOWN",
                   "directory: not known yet, because the bus was never reached");
  }
  for (const bus::v1::Identity& identity : directory->directory().identities()) {
    if (agency::AgencyOf(identity.identity()) != petitioner.agency) continue;
    if (directory->UnitHas(identity.identity(), unit, "federal_lea")) return true;
  }
  return false;
}

absl::StatusOr<statute::PresencePetition> ToLaw(const Petitioner& petitioner, Tx& tx,
                                                std::string_view person,
                                                const ins::v1::ContinuedPresencePetition& wire,
                                                const v1::Petition* prior) {
  statute::PresencePetition law;
  law.unit.name = wire.unit();
  WS_ASSIGN_OR_RETURN(law.unit.federal_law_enforcement,
                      IsFederalLawEnforcement(petitioner, tx, wire.unit()));
  law.person = std::string(person);
  WS_ASSIGN_OR_RETURN(law.finding, ToFinding(wire.finding()));
  law.potential_witness_certified = wire.potential_witness_certified();
  law.filed_on = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(law.requested_from, ToDay("requested_from", wire.requested_from()));
  WS_ASSIGN_OR_RETURN(law.requested_until, ToDay("requested_until", wire.requested_until()));
  law.is_renewal = prior != nullptr;
  if (prior != nullptr) {
    WS_ASSIGN_OR_RETURN(law.prior, PresenceOf(*prior));
  }
  return law;
}

}  // namespace

absl::Status CheckTerms(const v1::PetitionRequestTerms& terms) {
  WS_RETURN_IF_ERROR(
      CheckToken("terms.case_number", terms.case_number(), kCaseNumberBytesMax, "./-"));
  WS_RETURN_IF_ERROR(CheckText("terms.circumstances", terms.circumstances(), kLongText));
  if (!ins::v1::PresenceMechanism_IsValid(terms.mechanism_suggested())) {
    return BadField("terms.mechanism_suggested", "unknown value",
                    absl::StrCat(terms.mechanism_suggested()), "a known mechanism");
  }
  WS_ASSIGN_OR_RETURN(absl::CivilDay from, ToDay("terms.requested_from", terms.requested_from()));
  WS_ASSIGN_OR_RETURN(absl::CivilDay until,
                      ToDay("terms.requested_until", terms.requested_until()));
  if (until > from) return absl::OkStatus();
  return BadField("terms.requested_until", "not after the first day", statute::DayText(until),
                  absl::StrCat("a day after ", statute::DayText(from)));
}

absl::StatusOr<v1::Finding> OwnFinding(Casebook& book, std::string_view person,
                                       std::string_view unit) {
  WS_ASSIGN_OR_RETURN(std::vector<v1::Finding> findings, book.Findings(person));
  for (auto it = findings.rbegin(); it != findings.rend(); ++it) {
    if (it->unit() != unit) continue;
    if (it->result() == v1::FINDING_RESULT_SEVERE_FORM) return *it;
    break;  // The latest finding of the unit counts, and it is not positive.
  }
  return statute::Refuse(statute::kFindingNeeded, "continued presence",
                         "the unit has no positive finding", Quoted(unit),
                         "a finding of a severe form by the petitioning unit");
}

absl::Status CheckNoneOpen(Tx& tx, std::string_view person, std::string_view unit) {
  int64_t before = 0;
  while (true) {
    auto rows = Casebook(tx.db()).Petitions(person, before, kPageRows);
    WS_RETURN_IF_ERROR(rows.status());
    for (const auto& [position, petition] : *rows) {
      before = position;
      if (petition.unit() != unit) continue;
      WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(petition.referral_id()));
      if (!IsOpen(view.state)) continue;
      return Refusal(absl::StatusCode::kFailedPrecondition, "PETITION_OPEN",
                     Problem("petition", "the unit has one undecided for this person",
                             absl::StrCat("state \"", Absl(agency::StateName(view.state)), "\""),
                             "an answer, a return or a cancellation first"));
    }
    if (rows->size() < kPageRows) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<v1::Warning>> WarningsOf(
    const Petitioner& petitioner, Tx& tx, std::string_view person,
    const ins::v1::ContinuedPresencePetition& petition, const v1::Petition* prior) {
  WS_ASSIGN_OR_RETURN(statute::PresencePetition law,
                      ToLaw(petitioner, tx, person, petition, prior));
  std::vector<v1::Warning> warnings;
  for (const statute::Broken& broken : statute::PetitionRefusals(law)) {
    v1::Warning& warning = warnings.emplace_back();
    warning.set_reason(std::string(broken.rule->reason));
    warning.set_text(std::string(Std(broken.status.message())));
    warning.set_citation(std::string(broken.rule->citation.section));
  }
  return warnings;
}

absl::Status CheckAcknowledged(const std::vector<v1::Warning>& warnings, bool acknowledged) {
  if (warnings.empty() || acknowledged) return absl::OkStatus();
  std::string text = "petition: the receiving side will refuse it";
  for (const v1::Warning& warning : warnings) {
    absl::StrAppend(&text, "; ", warning.reason(), ": ", warning.text());
  }
  return Refusal(absl::StatusCode::kFailedPrecondition, "WARNINGS_NOT_ACKNOWLEDGED", text);
}

}  // namespace waystation::petitioner
