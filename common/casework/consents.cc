#include "common/casework/consents.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/agency/automatic.h"
#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/sending.h"
#include "common/ids/handle.h"
#include "common/status/status.h"
#include "common/statute/consent_rules.h"

namespace waystation::casework {
namespace {

using agency::BadField;
using agency::CaseMessage;
using agency::CheckText;
using agency::DayOf;
using agency::FromProtoTime;
using agency::Officer;
using agency::TextLimits;
using agency::Tx;
using record::StoredConsent;
using record::StoredReferral;
using referral::v1::ConsentScope;
using referral::v1::DisclosureBasis;

constexpr TextLimits kReason{1, 4'000};
constexpr TextLimits kCitation{1, 300};
constexpr TextLimits kDanger{1, 1'000};
constexpr int kAgenciesMax = 16;

template <typename Values, typename Value>
bool Has(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

template <typename Values>
bool Within(const Values& inner, const Values& outer) {
  return std::all_of(inner.begin(), inner.end(), [&](const auto& one) { return Has(outer, one); });
}

template <typename Values>
bool HasTwice(const Values& values) {
  for (auto it = values.begin(); it != values.end(); ++it) {
    if (std::find(std::next(it), values.end(), *it) != values.end()) return true;
  }
  return false;
}

bool IsWithdrawn(const ConsentScope& scope) { return scope.purposes().empty(); }

absl::Status CheckScopeForm(const ConsentScope& scope) {
  if (HasTwice(scope.purposes()) ||
      !std::all_of(scope.purposes().begin(), scope.purposes().end(), [](int purpose) {
        return purpose != 0 && referral::v1::ConsentPurpose_IsValid(purpose);
      })) {
    return BadField("scope.purposes", "unknown, or twice", "", "known purposes, each once");
  }
  if (scope.agencies_size() > kAgenciesMax || HasTwice(scope.agencies())) {
    return BadField("scope.agencies", "too many, or twice", absl::StrCat(scope.agencies_size()),
                    "at most 16, each once");
  }
  for (const std::string& agency : scope.agencies()) {
    WS_RETURN_IF_ERROR(agency::CheckToken("scope.agencies", agency, 64, "-"));
  }
  if (IsWithdrawn(scope) || scope.has_valid_until()) return absl::OkStatus();
  return BadField("scope.valid_until", "missing", "", "when the consent ends");
}

absl::Status Ended(std::string_view consent_id, std::string_view problem, std::string_view got) {
  return statute::Refuse(statute::kConsentInForce,
                         absl::StrCat("consent \"", Absl(consent_id), "\""), problem, got,
                         "a consent in force");
}

absl::Status CheckInForce(std::string_view consent_id, const ConsentScope& scope, absl::Time now) {
  if (IsWithdrawn(scope)) return Ended(consent_id, "withdrawn", "");
  absl::Time end = FromProtoTime(scope.valid_until());
  if (end > now) return absl::OkStatus();
  return Ended(consent_id, "has lapsed", absl::FormatTime(end, absl::UTCTimeZone()));
}

absl::Status CheckCovers(const Contract& contract, const ConsentScope& scope) {
  const std::string purpose = referral::v1::ConsentPurpose_Name(contract.terms.purpose);
  const std::string target(procedures::TargetOf(contract));
  std::string_view lacks;
  if (contract.terms.purpose == referral::v1::CONSENT_PURPOSE_UNSPECIFIED) {
    lacks = "this procedure rests on no consent";
  } else if (!Has(scope.purposes(), static_cast<int>(contract.terms.purpose))) {
    lacks = "does not reach this purpose";
  } else if (!Has(scope.agencies(), target)) {
    lacks = "does not reach this agency";
  } else {
    return absl::OkStatus();
  }
  return statute::Refuse(statute::kConsentCovers, "consent", lacks,
                         absl::StrCat(Absl(contract.terms.name), " for \"", target, "\""),
                         absl::StrCat(purpose, " for \"", target, "\""));
}

absl::StatusOr<DisclosureBasis> FromConsent(const Contract& contract, std::string_view person,
                                            std::string_view consent_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(StoredConsent stored, CaseTable(tx.db()).GetConsent(consent_id));
  const v1::Consent& consent = stored.consent();
  if (consent.person() != person) {
    return statute::Refuse(statute::kConsentCovers, "consent", "given by another person",
                           Quoted(consent_id), "one of the referral's person");
  }
  WS_RETURN_IF_ERROR(CheckInForce(consent_id, consent.scope(), tx.now()));
  WS_RETURN_IF_ERROR(CheckCovers(contract, consent.scope()));
  DisclosureBasis basis;
  basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  basis.set_consent_id(consent.consent_id());
  basis.set_scope_version(consent.scope_version());
  *basis.mutable_valid_until() = consent.scope().valid_until();
  *basis.mutable_scope() = consent.scope();
  return basis;
}

bool IsOpen(const agency::ReferralView& view) {
  return view.state != types::v1::REFERRAL_STATE_UNSPECIFIED && !agency::IsFinal(view.state);
}

// Sends the new scope to the target of one open referral of ours.
absl::Status SendScope(StoredReferral stored, const ConsentScope& scope,
                       const std::vector<Officer>& officials, std::string_view reason, Tx& tx) {
  agency::CaseContent content = ReplyContent(stored, officials);
  content.set_reason_text(std::string(reason));
  content.mutable_body()->PackFrom(scope);
  WS_RETURN_IF_ERROR(tx.SendTransition(stored.referral().referral_id(),
                                       types::v1::TRANSITION_CHANGE_SCOPE, content)
                         .status());
  *stored.mutable_referral()->mutable_scope() = scope;
  stored.mutable_referral()->set_scope_unanswered(true);
  stored.mutable_referral()->clear_onward();
  stored.set_scope_answer(referral::v1::SCOPE_ANSWER_PENDING);
  stored.clear_scope_authority();
  return CaseTable(tx.db()).Save(stored);
}

absl::Status SendScopeToAll(const CaseTable::Rows& rows, const ConsentScope& scope,
                            const std::vector<Officer>& officials, std::string_view reason,
                            Tx& tx) {
  for (const auto& [position, stored] : rows) {
    if (stored.referral().role() != v1::ROLE_REQUESTER) continue;
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(stored.referral().referral_id()));
    // A final referral takes no step; its holder keeps what it answered with.
    if (!IsOpen(view)) continue;
    WS_RETURN_IF_ERROR(SendScope(stored, scope, officials, reason, tx));
  }
  return absl::OkStatus();
}

absl::Status ListHolders(std::string_view consent_id, Tx& tx,
                         google::protobuf::RepeatedPtrField<v1::Holder>& holders) {
  WS_ASSIGN_OR_RETURN(CaseTable::Rows rows, CaseTable(tx.db()).Under(consent_id));
  for (const auto& [position, stored] : rows) {
    if (stored.referral().role() != v1::ROLE_REQUESTER) continue;
    v1::Holder& holder = *holders.Add();
    holder.set_agency(agency::AgencyOf(stored.other()));
    holder.set_referral_id(stored.referral().referral_id());
    holder.set_answer(stored.scope_answer());
    holder.set_authority(stored.scope_authority());
    for (const referral::v1::OnwardHop& hop : stored.referral().onward()) {
      if (hop.agency().empty()) continue;
      v1::Holder& below = *holders.Add();
      below.set_agency(hop.agency());
      below.set_answer(hop.scope_answer());
      below.set_authority(hop.authority());
      below.set_onward(true);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGiver(const v1::RecordConsentRequest& request) {
  if (request.given_by() == 0 || !referral::v1::ConsentGiver_IsValid(request.given_by())) {
    return BadField("given_by", "nobody", absl::StrCat(request.given_by()), "who agreed");
  }
  if (!request.treated_as_child() || request.given_by() != referral::v1::CONSENT_GIVER_PERSON) {
    return absl::OkStatus();
  }
  return Refusal(absl::StatusCode::kFailedPrecondition, "GUARDIAN_REQUIRED",
                 Problem("consent", "a child cannot give it alone", "",
                         "guardian or child advocate, with the child's assent; an unknown age is "
                         "a child's (POLICY-CH-1)"));
}

}  // namespace

absl::Status RecordConsent(const Officer& officer, const v1::RecordConsentRequest& request,
                           const RandomSource& random, Tx& tx,
                           v1::RecordConsentResponse& response) {
  WS_RETURN_IF_ERROR(agency::CheckPerson(request.person()));
  WS_RETURN_IF_ERROR(CheckScopeForm(request.scope()));
  if (IsWithdrawn(request.scope()) || request.scope().agencies().empty()) {
    return BadField("scope", "reaches nobody", "", "at least one purpose and one agency");
  }
  WS_RETURN_IF_ERROR(CheckGiver(request));
  WS_ASSIGN_OR_RETURN(absl::CivilDay given_on, agency::ToDay("given_on", request.given_on()));
  if (given_on > DayOf(tx.now())) {
    return BadField("given_on", "in the future", "", "today or before");
  }
  StoredConsent stored;
  v1::Consent& consent = *stored.mutable_consent();
  consent.set_consent_id(NewHandle("cs", random));
  WS_RETURN_IF_ERROR(CheckInForce(consent.consent_id(), request.scope(), tx.now()));
  consent.set_person(request.person());
  consent.set_scope_version(1);
  *consent.mutable_scope() = request.scope();
  consent.set_given_by(request.given_by());
  *consent.mutable_given_on() = request.given_on();
  *consent.mutable_recorded_by() = officer;
  *response.mutable_consent() = consent;
  return CaseTable(tx.db()).SaveConsent(stored);
}

absl::Status ChangeConsent(const Officer& officer, const v1::ChangeConsentRequest& request, Tx& tx,
                           v1::ChangeConsentResponse& response) {
  WS_RETURN_IF_ERROR(CheckScopeForm(request.scope()));
  WS_RETURN_IF_ERROR(CheckText("reason_text", request.reason_text(), kReason));
  CaseTable table(tx.db());
  WS_ASSIGN_OR_RETURN(StoredConsent stored, table.GetConsent(request.consent_id()));
  v1::Consent& consent = *stored.mutable_consent();
  const ConsentScope& old = consent.scope();
  WS_RETURN_IF_ERROR(CheckInForce(consent.consent_id(), old, tx.now()));
  const bool narrower =
      Within(request.scope().purposes(), old.purposes()) &&
      Within(request.scope().agencies(), old.agencies()) &&
      (IsWithdrawn(request.scope()) ||
       FromProtoTime(request.scope().valid_until()) <= FromProtoTime(old.valid_until()));
  if (!narrower) {
    return statute::Refuse(statute::kConsentOnlyNarrows, "consent",
                           "the new scope is not within the old one", Quoted(request.consent_id()),
                           "a new consent for more");
  }
  *consent.mutable_scope() = request.scope();
  consent.set_scope_version(consent.scope_version() + 1);
  consent.set_change_reason(request.reason_text());
  WS_RETURN_IF_ERROR(table.SaveConsent(stored));
  WS_ASSIGN_OR_RETURN(CaseTable::Rows rows, table.Under(consent.consent_id()));
  WS_RETURN_IF_ERROR(SendScopeToAll(rows, request.scope(), {officer}, request.reason_text(), tx));
  *response.mutable_consent() = consent;
  return ListHolders(consent.consent_id(), tx, *response.mutable_holders());
}

absl::Status GetConsent(const v1::GetConsentRequest& request, Tx& tx,
                        v1::GetConsentResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredConsent stored, CaseTable(tx.db()).GetConsent(request.consent_id()));
  *response.mutable_consent() = stored.consent();
  return ListHolders(request.consent_id(), tx, *response.mutable_holders());
}

absl::Status ListConsents(const v1::ListConsentsRequest& request, Tx& tx,
                          v1::ListConsentsResponse& response) {
  WS_RETURN_IF_ERROR(agency::CheckPerson(request.person()));
  WS_ASSIGN_OR_RETURN(std::vector<StoredConsent> stored,
                      CaseTable(tx.db()).Consents(request.person()));
  for (const StoredConsent& one : stored) *response.add_consents() = one.consent();
  return absl::OkStatus();
}

absl::StatusOr<DisclosureBasis> CheckBasisSent(const Contract& contract, std::string_view person,
                                               const DisclosureBasis& basis, Tx& tx) {
  switch (basis.kind()) {
    case referral::v1::DISCLOSURE_BASIS_KIND_CONSENT:
      return FromConsent(contract, person, basis.consent_id(), tx);
    case referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY:
    case referral::v1::DISCLOSURE_BASIS_KIND_COURT_ORDER:
      WS_RETURN_IF_ERROR(CheckText("basis.citation", basis.citation(), kCitation));
      return basis;
    case referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY:
      WS_RETURN_IF_ERROR(CheckText("basis.circumstances", basis.circumstances(), kDanger));
      if (basis.has_valid_until() && FromProtoTime(basis.valid_until()) > tx.now()) return basis;
      return BadField("basis.valid_until", "missing or past", "", "when the emergency lapses");
    default:
      return BadField("basis.kind", "no ground", absl::StrCat(basis.kind()),
                      "consent, statutory duty, court order or emergency");
  }
}

absl::Status CheckBasisReceived(const Contract& contract, const DisclosureBasis& basis,
                                absl::Time now) {
  if (basis.kind() != referral::v1::DISCLOSURE_BASIS_KIND_CONSENT) return absl::OkStatus();
  if (basis.consent_id().empty() || basis.scope_version() < 1) {
    return BadField("disclosure_basis", "names no consent", "", "consent_id and scope_version");
  }
  WS_RETURN_IF_ERROR(CheckScopeForm(basis.scope()));
  WS_RETURN_IF_ERROR(CheckInForce(basis.consent_id(), basis.scope(), now));
  return CheckCovers(contract, basis.scope());
}

absl::Status TakeScope(const Procedures& procedures, const CaseMessage& message,
                       StoredReferral stored, Tx& tx) {
  ConsentScope scope;
  if (!message.content.body().UnpackTo(&scope)) {
    return BadField("body", "not a scope", "", "waystation.referral.v1.ConsentScope");
  }
  WS_RETURN_IF_ERROR(CheckScopeForm(scope));
  if (stored.referral().basis().kind() != referral::v1::DISCLOSURE_BASIS_KIND_CONSENT) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                   "referral: it rests on no consent, so there is no scope to change");
  }
  const std::string id = stored.referral().referral_id();
  *stored.mutable_referral()->mutable_scope() = scope;
  stored.mutable_referral()->set_scope_unanswered(true);
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  WS_ASSIGN_OR_RETURN(CaseTable::Rows children, CaseTable(tx.db()).Forwarding(id));
  const std::string unit = stored.referral().to_unit();
  const std::vector<Officer> officials = {
      agency::Automatic(procedures.agency(), "Change of scope sent on", unit)};
  return SendScopeToAll(children, scope, officials, message.content.reason_text(), tx);
}

absl::Status SendScopeAgain(const CaseMessage& message, StoredReferral stored,
                            const absl::Status& refusal, Tx& tx) {
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(stored.referral().referral_id()));
  const std::string reason = ReasonOf(refusal);
  const bool moved_on = reason == "STALE_VERSION" || reason == "PREDECESSOR_REFUSED";
  if (moved_on && IsOpen(view)) {
    // Not `message`'s scope: a later change may have been lost with it.
    const std::vector<Officer> officials(message.content.officials().begin(),
                                         message.content.officials().end());
    return SendScope(stored, stored.referral().scope(), officials, message.content.reason_text(),
                     tx);
  }
  stored.mutable_referral()->set_scope_unanswered(false);
  stored.set_scope_answer(referral::v1::SCOPE_ANSWER_UNSPECIFIED);
  return CaseTable(tx.db()).Save(stored);
}

absl::Status TakeScopeAnswer(const CaseMessage& message, StoredReferral stored, Tx& tx) {
  const bool confirmed = message.content.transition() == types::v1::TRANSITION_SCOPE_CONFIRMED;
  stored.set_scope_answer(confirmed ? referral::v1::SCOPE_ANSWER_CONFIRMED
                                    : referral::v1::SCOPE_ANSWER_RETAINED);
  stored.set_scope_authority(message.content.authority());
  stored.mutable_referral()->set_scope_unanswered(false);
  *stored.mutable_referral()->mutable_onward() = message.content.onward();
  return CaseTable(tx.db()).Save(stored);
}

absl::Status CheckScopeAnswerable(const StoredReferral& stored, Tx& tx) {
  if (!stored.referral().scope_unanswered()) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                   "referral: no change of scope waits for an answer");
  }
  WS_ASSIGN_OR_RETURN(CaseTable::Rows children,
                      CaseTable(tx.db()).Forwarding(stored.referral().referral_id()));
  for (const auto& [position, child] : children) {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(child.referral().referral_id()));
    if (!child.referral().scope_unanswered() || !IsOpen(view)) continue;
    return Refusal(absl::StatusCode::kFailedPrecondition, "ONWARD_UNANSWERED",
                   Problem("referral", "a holder below has not answered the change of scope",
                           Quoted(agency::AgencyOf(child.other())),
                           "its answer first: ours speaks for all below"));
  }
  return absl::OkStatus();
}

}  // namespace waystation::casework
