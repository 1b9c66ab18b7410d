#include "services/ins/petition_law.h"

#include <optional>
#include <string>

#include "common/agency/fields.h"
#include "common/status/status.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::Mechanism::kStayOfRemoval) ==
              v1::PRESENCE_MECHANISM_STAY_OF_REMOVAL);
static_assert(static_cast<int>(statute::Mechanism::kDeferredAction) ==
              v1::PRESENCE_MECHANISM_DEFERRED_ACTION);
static_assert(static_cast<int>(statute::Mechanism::kOther) == v1::PresenceMechanism_MAX);
static_assert(static_cast<int>(statute::WorkBasis::kParole) == v1::WORK_AUTHORIZATION_BASIS_PAROLE);
static_assert(static_cast<int>(statute::WorkBasis::kDeferredAction) ==
              v1::WORK_AUTHORIZATION_BASIS_DEFERRED_ACTION);
static_assert(static_cast<int>(statute::WorkBasis::kOrderOfSupervision) ==
              v1::WORK_AUTHORIZATION_BASIS_ORDER_OF_SUPERVISION);
static_assert(static_cast<int>(statute::WorkBasis::kOther) == v1::WorkAuthorizationBasis_MAX);

using agency::BadField;
using agency::CaseContent;
using agency::CheckText;
using agency::CheckToken;
using agency::DayOf;
using agency::TextLimits;
using agency::ToAge;
using agency::ToDay;
using agency::ToElements;
using agency::ToFinding;
using agency::Tx;

constexpr TextLimits kLongText{1, 8'000};
constexpr TextLimits kMechanismText{0, 200};
constexpr TextLimits kReasons{0, 8'000};
constexpr TextLimits kCitation{0, 300};
constexpr size_t kIdBytesMax = 64;
constexpr std::string_view kThing = "continued presence";

absl::Status CheckFinding(const v1::FindingReference& finding) {
  WS_RETURN_IF_ERROR(CheckToken("finding.finding_id", finding.finding_id(), kIdBytesMax, "-"));
  WS_RETURN_IF_ERROR(ToDay("finding.made_on", finding.made_on()).status());
  return ToElements(finding.elements()).status();
}

absl::Status CheckKind(const v1::ContinuedPresencePetition& petition) {
  switch (petition.kind()) {
    case v1::PETITION_KIND_INITIAL:
      if (petition.prior_presence_id().empty()) return absl::OkStatus();
      return BadField("prior_presence_id", "out of place", "", "only in a renewal");
    case v1::PETITION_KIND_RENEWAL:
      return CheckToken("prior_presence_id", petition.prior_presence_id(), kIdBytesMax, "-");
    default:
      return BadField("kind", "not a kind", absl::StrCat(petition.kind()), "initial or renewal");
  }
}

absl::Status CheckDates(const v1::ContinuedPresencePetition& petition, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(ToDay("requested_from", petition.requested_from()).status());
  WS_RETURN_IF_ERROR(ToDay("requested_until", petition.requested_until()).status());
  return ToAge(petition.age(), today).status();
}

// A petition signed by an officer of another unit is not this unit's petition.
absl::Status CheckSigner(const CaseContent& content,
                         const v1::ContinuedPresencePetition& petition) {
  if (petition.unit() != content.from_unit()) {
    return BadField("unit", "differs from the sending unit", Quoted(petition.unit()),
                    Quoted(content.from_unit()));
  }
  for (const types::v1::ActingOfficial& official : content.officials()) {
    if (official.unit() == content.from_unit()) continue;
    return BadField("officials.unit", "not of the petitioning unit", Quoted(official.unit()),
                    Quoted(content.from_unit()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<statute::Presence>> PriorOf(Tx& tx,
                                                         const record::StoredPetition& stored) {
  const std::string& id = stored.petition().content().prior_presence_id();
  absl::StatusOr<record::StoredPresence> prior = Register(tx.db()).GetPresence(id);
  // Another agency's presence is none that this petitioner may renew.
  bool foreign = prior.ok() && prior->requester() != stored.requester();
  if (absl::IsNotFound(prior.status()) || foreign) return std::optional<statute::Presence>();
  WS_RETURN_IF_ERROR(prior.status());
  WS_ASSIGN_OR_RETURN(statute::Presence law, ToLaw(*prior));
  return std::optional<statute::Presence>(std::move(law));
}

statute::Unit SenderOf(Tx& tx, const record::StoredPetition& stored) {
  const evidence::DirectoryView* directory = tx.directory();
  statute::Unit unit;
  unit.name = stored.petition().from_unit();
  unit.federal_law_enforcement =
      directory != nullptr && directory->UnitHas(stored.requester(), unit.name, "federal_lea");
  return unit;
}

absl::StatusOr<statute::PresencePetition> FactsOf(Tx& tx, const record::StoredPetition& stored) {
  const v1::ContinuedPresencePetition& wire = stored.petition().content();
  statute::PresencePetition law;
  law.unit = SenderOf(tx, stored);
  law.person = stored.petition().person();
  WS_ASSIGN_OR_RETURN(law.finding, ToFinding(wire.finding()));
  law.potential_witness_certified = wire.potential_witness_certified();
  WS_ASSIGN_OR_RETURN(law.filed_on, ToDay("filed_on", stored.filed_on()));
  WS_ASSIGN_OR_RETURN(law.requested_from, ToDay("requested_from", wire.requested_from()));
  WS_ASSIGN_OR_RETURN(law.requested_until, ToDay("requested_until", wire.requested_until()));
  law.is_renewal = wire.kind() == v1::PETITION_KIND_RENEWAL;
  if (law.is_renewal) {
    WS_ASSIGN_OR_RETURN(law.prior, PriorOf(tx, stored));
  }
  return law;
}

absl::Status CheckDenialFields(const v1::DecisionTerms& terms) {
  if (terms.mechanism() != v1::PRESENCE_MECHANISM_UNSPECIFIED || terms.has_effective_date() ||
      terms.has_expires_on() || terms.has_work_authorization()) {
    return BadField("terms", "a denial with parts of a grant", "",
                    "no mechanism, day or work authorization");
  }
  return absl::OkStatus();
}

absl::StatusOr<statute::PresenceDecision> ReadTerms(const v1::DecisionTerms& terms) {
  WS_RETURN_IF_ERROR(CheckText("terms.mechanism_text", terms.mechanism_text(), kMechanismText));
  WS_RETURN_IF_ERROR(CheckText("terms.reasons", terms.reasons(), kReasons));
  statute::PresenceDecision decision;
  decision.reasons = terms.reasons();
  if (terms.outcome() == v1::DECISION_OUTCOME_DENIED) {
    WS_RETURN_IF_ERROR(CheckDenialFields(terms));
    return decision;
  }
  if (terms.outcome() != v1::DECISION_OUTCOME_GRANTED) {
    return BadField("terms.outcome", "no outcome", absl::StrCat(terms.outcome()),
                    "granted or denied");
  }
  if (!v1::PresenceMechanism_IsValid(terms.mechanism())) {
    return BadField("terms.mechanism", "unknown value", absl::StrCat(terms.mechanism()),
                    "a known mechanism");
  }
  decision.granted = true;
  decision.mechanism = static_cast<statute::Mechanism>(terms.mechanism());
  decision.mechanism_text = terms.mechanism_text();
  WS_ASSIGN_OR_RETURN(decision.effective_date,
                      ToDay("terms.effective_date", terms.effective_date()));
  WS_ASSIGN_OR_RETURN(decision.expires_on, ToDay("terms.expires_on", terms.expires_on()));
  return decision;
}

// What the statute's functions leave to the day and to the register.
absl::Status CheckGrantInTime(const statute::PresencePetition& petition,
                              const statute::PresenceDecision& decision, absl::CivilDay today) {
  if (decision.expires_on < today) {
    return statute::Refuse(statute::kPeriodNeeded, kThing, "period lies in the past",
                           statute::DayText(decision.expires_on),
                           absl::StrCat("a last day not before ", statute::DayText(today)));
  }
  if (petition.is_renewal && decision.expires_on <= petition.prior->expires_on) {
    return statute::Refuse(
        statute::kRenewalExtends, kThing, "renewal extends nothing",
        statute::DayText(decision.expires_on),
        absl::StrCat("a day after ", statute::DayText(petition.prior->expires_on)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAdjudicator(const agency::Officer& officer) {
  return CheckOpenTo(officer, kAdjudicator);
}

absl::Status CheckOpenTo(const agency::Officer& officer, std::string_view unit) {
  absl::Status refused = statute::CheckAdjudicates(officer.unit(), std::string(unit));
  if (refused.ok()) return refused;
  // It is who calls that stands against it, not the state of the case.
  return Refusal(absl::StatusCode::kPermissionDenied, ReasonOf(refused),
                 std::string(Std(refused.message())));
}

absl::Status CheckShape(const CaseContent& content, const v1::ContinuedPresencePetition& petition,
                        absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckSigner(content, petition));
  WS_RETURN_IF_ERROR(CheckToken("case_number", petition.case_number(), kIdBytesMax, "./-"));
  WS_RETURN_IF_ERROR(CheckKind(petition));
  if (!v1::PresenceMechanism_IsValid(petition.mechanism_suggested())) {
    return BadField("mechanism_suggested", "unknown value",
                    absl::StrCat(petition.mechanism_suggested()), "a known mechanism");
  }
  WS_RETURN_IF_ERROR(CheckText("circumstances", petition.circumstances(), kLongText));
  WS_RETURN_IF_ERROR(CheckFinding(petition.finding()));
  return CheckDates(petition, today);
}

absl::Status CheckSender(Tx& tx, const record::StoredPetition& stored) {
  return statute::CheckMayPetition(SenderOf(tx, stored));
}

absl::StatusOr<std::vector<statute::Broken>> RefusalsOf(Tx& tx,
                                                        const record::StoredPetition& stored) {
  WS_ASSIGN_OR_RETURN(statute::PresencePetition facts, FactsOf(tx, stored));
  return statute::PetitionRefusals(facts);
}

absl::Status CheckTerms(Tx& tx, const record::StoredPetition& stored,
                        const v1::DecisionTerms& terms) {
  WS_ASSIGN_OR_RETURN(statute::PresenceDecision decision, ReadTerms(terms));
  WS_ASSIGN_OR_RETURN(statute::PresencePetition petition, FactsOf(tx, stored));
  WS_RETURN_IF_ERROR(statute::CheckDecision(petition, decision));
  if (!decision.granted) return absl::OkStatus();
  const absl::CivilDay today = DayOf(tx.now());
  WS_RETURN_IF_ERROR(CheckGrantInTime(petition, decision, today));
  if (!terms.has_work_authorization()) return absl::OkStatus();
  const statute::Presence presence{petition.person, decision.mechanism, decision.effective_date,
                                   decision.expires_on, false};
  return CheckWork(presence, terms.work_authorization(), today);
}

absl::Status CheckWork(const statute::Presence& presence, const v1::WorkAuthorizationTerms& terms,
                       absl::CivilDay today) {
  if (!v1::WorkAuthorizationBasis_IsValid(terms.basis()) || terms.basis() == 0) {
    return BadField("terms.basis", "not a basis", absl::StrCat(terms.basis()), "a known basis");
  }
  WS_RETURN_IF_ERROR(CheckText("terms.basis_citation", terms.basis_citation(), kCitation));
  statute::WorkAuthorization work;
  work.basis = static_cast<statute::WorkBasis>(terms.basis());
  work.basis_citation = terms.basis_citation();
  work.economic_necessity_established = terms.economic_necessity_established();
  WS_ASSIGN_OR_RETURN(work.effective_date, ToDay("terms.effective_date", terms.effective_date()));
  WS_ASSIGN_OR_RETURN(work.expires_on, ToDay("terms.expires_on", terms.expires_on()));
  return statute::CheckWorkAuthorization(presence, work, today);
}

absl::StatusOr<statute::Presence> ToLaw(const record::StoredPresence& stored) {
  statute::Presence law;
  law.person = stored.presence().person();
  law.mechanism = static_cast<statute::Mechanism>(stored.presence().mechanism());
  WS_ASSIGN_OR_RETURN(law.effective_date,
                      ToDay("effective_date", stored.presence().effective_date()));
  WS_ASSIGN_OR_RETURN(law.expires_on, ToDay("expires_on", stored.presence().expires_on()));
  law.ended = stored.ended() || !stored.renewed_by().empty();
  return law;
}

}  // namespace waystation::ins
