#include "services/dos/returns.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/procedures/dos.h"
#include "common/procedures/hhs.h"
#include "common/procedures/usaid.h"
#include "common/status/status.h"
#include "common/statute/safe_return.h"
#include "services/dos/reports.h"
#include "waystation/dos/v1/return.pb.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::dos {
namespace {

using agency::DayOf;
using agency::ToDay;
using agency::Tx;
using casework::Body;
using casework::Case;
using casework::CaseTable;
using casework::Procedure;
using referral::v1::ConsentPurpose;
using referral::v1::ConsentScope;
using referral::v1::DisclosureBasis;

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::RiskLevel::kLow) == v1::RISK_LEVEL_LOW);
static_assert(static_cast<int>(statute::RiskLevel::kHigh) == v1::RISK_LEVEL_HIGH);

template <typename Values, typename Value>
bool Has(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The day that a rule is asked for, and the time now.
struct AsOf {
  absl::CivilDay day;
  absl::Time now;
};

// The last day on which a scope reaches; a scope that has ended today reaches
// today no more.
absl::CivilDay LastDay(const ConsentScope& scope, const AsOf& as_of) {
  const absl::Time end = agency::FromProtoTime(scope.valid_until());
  const bool ended_today = end <= as_of.now && DayOf(end) == DayOf(as_of.now);
  return DayOf(end) - (ended_today && as_of.day == DayOf(as_of.now) ? 1 : 0);
}

// A consent as the request states it, within what the requester stated last of
// the consent that the referral rests on. To return is always that one: a return
// under a duty or an order could not be called off by the person.
absl::StatusOr<statute::ReturnConsent> ConsentOf(const Case& one, const v1::ReturnConsent& stated,
                                                 ConsentPurpose purpose, const AsOf& as_of) {
  statute::ReturnConsent consent;
  if (!stated.given()) return consent;
  consent.given = true;
  WS_ASSIGN_OR_RETURN(consent.valid_until, ToDay("valid_until", stated.valid_until()));
  const DisclosureBasis& basis = one.referral.basis();
  if (purpose != referral::v1::CONSENT_PURPOSE_RETURN &&
      stated.consent_id() != basis.consent_id()) {
    return consent;
  }
  const ConsentScope& scope = one.referral.has_scope() ? one.referral.scope() : basis.scope();
  consent.given = basis.kind() == referral::v1::DISCLOSURE_BASIS_KIND_CONSENT &&
                  Has(scope.purposes(), static_cast<int>(purpose)) &&
                  Has(scope.agencies(), procedures::TargetOf(procedures::SafeReturn()));
  consent.valid_until = std::min(consent.valid_until, LastDay(scope, as_of));
  return consent;
}

absl::StatusOr<statute::ReturnFacts> FactsOf(const Case& one, const AsOf& as_of) {
  const auto& body = Body<v1::ReturnReferral>(one.request);
  statute::ReturnFacts facts;
  WS_ASSIGN_OR_RETURN(facts.to_return, ConsentOf(one, body.return_consent(),
                                                 referral::v1::CONSENT_PURPOSE_RETURN, as_of));
  WS_ASSIGN_OR_RETURN(facts.to_tell_government,
                      ConsentOf(one, body.origin_government_consent(),
                                referral::v1::CONSENT_PURPOSE_TELL_ORIGIN_GOVERNMENT, as_of));
  WS_ASSIGN_OR_RETURN(
      facts.to_share_with_iom,
      ConsentOf(one, body.iom_consent(), referral::v1::CONSENT_PURPOSE_SHARE_WITH_IOM, as_of));
  if (body.has_risk()) {
    statute::RiskAssessment& risk = facts.risk.emplace();
    WS_ASSIGN_OR_RETURN(risk.made_on, ToDay("risk.made_on", body.risk().made_on()));
    risk.level = static_cast<statute::RiskLevel>(body.risk().level());
  }
  WS_ASSIGN_OR_RETURN(facts.age, agency::ToAge(body.age(), DayOf(as_of.now)));
  facts.best_interests_determined = body.best_interests_determined();
  return facts;
}

absl::StatusOr<bool> ReintegrationOpen(const Case& one, Tx& tx) {
  WS_ASSIGN_OR_RETURN(CaseTable::Rows children, CaseTable(tx.db()).Forwarding(one.id()));
  for (const auto& [position, child] : children) {
    if (child.referral().procedure() != procedures::Reintegration().terms.name) continue;
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(child.referral().referral_id()));
    if (!agency::IsFinal(view.state)) return true;
  }
  return false;
}

class TakesReturns : public Procedure {
 public:
  TakesReturns() : Procedure(procedures::SafeReturn()) {}

  absl::StatusOr<std::vector<statute::Broken>> Bars(const Case& one, Tx& tx) const override {
    const AsOf today{DayOf(tx.now()), tx.now()};
    WS_ASSIGN_OR_RETURN(statute::ReturnFacts facts, FactsOf(one, today));
    return statute::ReturnRefusals(facts, today.day);
  }

  absl::StatusOr<std::vector<statute::Broken>> Objections(const Case& one, Tx& tx) const override {
    return Bars(one, tx);
  }

  absl::Status CheckAnswer(const Case& one, const google::protobuf::Message& answer,
                           Tx& tx) const override {
    const auto& outcome = Body<v1::ReturnOutcome>(answer);
    if (outcome.kind() != v1::RETURN_OUTCOME_KIND_RETURNED) return absl::OkStatus();
    WS_ASSIGN_OR_RETURN(absl::CivilDay day, ToDay("returned_on", outcome.returned_on()));
    WS_ASSIGN_OR_RETURN(statute::ReturnFacts facts, FactsOf(one, {day, tx.now()}));
    WS_ASSIGN_OR_RETURN(bool open, ReintegrationOpen(one, tx));
    return statute::CheckReturned(facts, day, open);
  }
};

// What belongs to a return goes to its country alone: another mission has no
// need to know of the person.
class SendsReintegration : public Procedure {
 public:
  SendsReintegration() : Procedure(procedures::Reintegration()) {}

  absl::Status CheckOpen(const Case& one, Tx& tx) const override {
    if (one.referral.forwards_referral_id().empty()) return absl::OkStatus();
    WS_ASSIGN_OR_RETURN(auto parent, CaseTable(tx.db()).Get(one.referral.forwards_referral_id()));
    WS_ASSIGN_OR_RETURN(auto opened, casework::Open(parent, procedures::SafeReturn()));
    const std::string& country = Body<v1::ReturnReferral>(*opened.request).country();
    const std::string& asked = Body<usaid::v1::ReintegrationReferral>(one.request).country();
    if (asked == country) return absl::OkStatus();
    return agency::BadField("country", "not the country of return", Quoted(asked), country);
  }
};

}  // namespace

casework::Procedures MakeProcedures() {
  casework::Procedures::List list;
  list.push_back(std::make_unique<TakesReturns>());
  list.push_back(std::make_unique<SendsReintegration>());
  list.push_back(std::make_unique<Procedure>(procedures::ChildToHhs()));
  list.push_back(SendsComplaints());
  return {"dos", std::move(list)};
}

}  // namespace waystation::dos
