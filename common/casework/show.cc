#include "common/casework/show.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/handoff.h"
#include "common/agency/inbox.h"
#include "common/casework/break_glass.h"
#include "common/casework/case_table.h"
#include "common/casework/referrals.h"
#include "common/casework/sending.h"
#include "common/status/status.h"

namespace waystation::casework {
namespace {

using agency::Officer;
using agency::ReferralView;
using agency::Tx;
using record::StoredReferral;

void RemoveContent(v1::Referral& referral) {
  referral.clear_request();
  referral.clear_answer();
  referral.clear_proposal();
  referral.clear_broken_rules();
}

absl::Status AddBrokenRules(const Procedures& procedures, const StoredReferral& stored, Tx& tx,
                            v1::Referral& referral) {
  const Procedure* procedure = procedures.ByName(referral.procedure());
  const bool waits = referral.role() == v1::ROLE_TARGET && !agency::IsFinal(referral.state());
  if (!waits || procedure == nullptr || !referral.has_request()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, procedure->contract()));
  WS_ASSIGN_OR_RETURN(std::vector<statute::Broken> broken, procedure->Objections(opened.view, tx));
  for (const statute::Broken& one : broken) {
    v1::BrokenRule& rule = *referral.add_broken_rules();
    rule.set_reason(std::string(one.rule->reason));
    rule.set_text(std::string(Std(one.status.message())));
  }
  return absl::OkStatus();
}

}  // namespace

bool MaySeeContent(const Procedures& procedures, const Officer& officer,
                   const v1::Referral& referral) {
  if (officer.unit() == OurUnit(referral)) return true;
  const Procedure* procedure = procedures.ByName(referral.procedure());
  if (procedure == nullptr) return false;
  const std::vector<std::string> also = procedure->also_seen_by();
  return std::find(also.begin(), also.end(), officer.unit()) != also.end();
}

absl::StatusOr<bool> SeesContent(const Procedures& procedures, const Officer& officer,
                                 const v1::Referral& referral, Tx& tx) {
  if (MaySeeContent(procedures, officer, referral)) return true;
  return IsOpenByGlass(officer, referral.referral_id(), tx);
}

absl::StatusOr<v1::Referral> ShowInList(const StoredReferral& stored, Tx& tx) {
  v1::Referral referral = stored.referral();
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(referral.referral_id()));
  agency::FillHandoff(view, referral);
  referral.set_problem(view.problem);
  *referral.mutable_standing() = agency::ToInboxItem(view, tx.now());
  RemoveContent(referral);
  return referral;
}

absl::StatusOr<v1::Referral> Show(const Procedures& procedures, const Officer& officer,
                                  const StoredReferral& stored, Tx& tx) {
  WS_ASSIGN_OR_RETURN(v1::Referral referral, ShowInList(stored, tx));
  WS_ASSIGN_OR_RETURN(bool sees, SeesContent(procedures, officer, stored.referral(), tx));
  if (!sees) {
    referral.clear_reason_text();
    referral.clear_basis();
    referral.set_withheld_because(absl::StrCat("content is open to \"", OurUnit(stored.referral()),
                                               "\" alone, not to \"", officer.unit(), "\""));
    return referral;
  }
  if (stored.referral().has_request()) *referral.mutable_request() = stored.referral().request();
  if (stored.referral().has_answer()) *referral.mutable_answer() = stored.referral().answer();
  if (stored.referral().has_proposal()) {
    *referral.mutable_proposal() = stored.referral().proposal();
  }
  if (referral.role() == v1::ROLE_TARGET) {
    WS_ASSIGN_OR_RETURN(auto onward, OnwardOf(referral.referral_id(), true, tx));
    referral.mutable_onward()->Assign(onward.begin(), onward.end());
  }
  WS_ASSIGN_OR_RETURN(auto glasses, CaseTable(tx.db()).Glasses(referral.referral_id()));
  referral.mutable_broken_glass()->Assign(glasses.begin(), glasses.end());
  WS_RETURN_IF_ERROR(AddBrokenRules(procedures, stored, tx, referral));
  return referral;
}

}  // namespace waystation::casework
