#include "common/casework/glass_notices.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/sending.h"
#include "common/procedures/break_glass.h"
#include "common/status/status.h"
#include "common/statute/break_glass.h"

namespace waystation::casework {
namespace {

using agency::Tx;
using record::StoredReferral;
using referral::v1::BreakGlass;
using referral::v1::BreakGlassNotice;

constexpr char kTitle[] = "Notice of break-glass, filed by rule";

v1::BrokenGlass Filed(const BreakGlass& glass, std::string agency, std::string notice) {
  v1::BrokenGlass filed;
  *filed.mutable_glass() = glass;
  filed.set_agency(std::move(agency));
  filed.set_notice_referral_id(std::move(notice));
  return filed;
}

// Files it, and tells the unit of ours that has the referral.
absl::Status File(std::string_view referral_id, const v1::BrokenGlass& filed, Tx& tx) {
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).AddGlass(referral_id, filed));
  const BreakGlass& glass = filed.glass();
  return tx.Notify(referral_id, absl::StrCat("glass broken by ", glass.officer().staff_id(), " (",
                                             glass.officer().unit(), ") until ",
                                             absl::FormatTime(agency::FromProtoTime(glass.until()),
                                                              absl::UTCTimeZone())));
}

class GlassNotices : public Procedure {
 public:
  GlassNotices() : Procedure(procedures::BreakGlassNotices()) {}

  // The two referrals are not ordered on the bus: a notice may be here before the
  // request that it is about, and then comes again.
  absl::StatusOr<std::vector<statute::Broken>> Bars(const Case& one, Tx& tx) const override {
    const std::string& id = Body<BreakGlassNotice>(one.request).referral_id();
    WS_ASSIGN_OR_RETURN(std::optional<StoredReferral> stored, CaseTable(tx.db()).Find(id));
    if (stored.has_value() && stored->other() == one.other) return std::vector<statute::Broken>();
    if (!stored.has_value() && !tx.Referral(id).ok()) {
      return absl::UnavailableError("break-glass: its referral is not here yet");
    }
    const statute::Rule& rule = statute::kGlassNoticeFromHolder;
    return std::vector<statute::Broken>{
        {&rule,
         statute::Refuse(rule, "break-glass notice", "not of the sender's referral",
                         Quoted(agency::AgencyOf(one.other)), "the other party of the referral")}};
  }

  absl::Status OnRequest(const Case& one, Tx& tx) const override {
    const auto& notice = Body<BreakGlassNotice>(one.request);
    WS_RETURN_IF_ERROR(File(notice.referral_id(),
                            Filed(notice.glass(), agency::AgencyOf(one.other), one.id()), tx));
    referral::v1::BreakGlassNoted answer;
    *answer.mutable_noted_at() = agency::ToProtoTime(tx.now());
    return AnswerByRule(*this, one.id(), answer, one.referral.to_unit(), kTitle, tx);
  }

  // That it is noted nobody need read. A return stays in the inbox.
  absl::Status OnEnded(const Case& one, const google::protobuf::Message* answer,
                       Tx& tx) const override {
    return answer == nullptr ? absl::OkStatus() : tx.MarkRead(one.id());
  }
};

}  // namespace

std::unique_ptr<Procedure> MakeGlassNotices() { return std::make_unique<GlassNotices>(); }

absl::Status TellOwners(const Procedure& notices, const StoredReferral& stored,
                        const BreakGlass& glass, Tx& tx) {
  const v1::Referral& referral = stored.referral();
  const bool asked = referral.role() == v1::ROLE_TARGET;
  BreakGlassNotice notice;
  notice.set_referral_id(referral.referral_id());
  *notice.mutable_glass() = glass;
  Ask ask{asked ? referral.to_unit() : referral.from_unit(),
          asked ? referral.from_unit() : referral.to_unit(),
          referral.person(),
          &notice,
          {glass.officer()},
          {}};
  ask.basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  ask.basis.set_citation(std::string(statute::kGlassTime.citation.section));
  WS_ASSIGN_OR_RETURN(std::string id, SendAsk(notices, ask, tx));
  const std::string& unit = glass.officer().unit();
  return File(referral.referral_id(), Filed(glass, unit.substr(0, unit.find('/')), std::move(id)),
              tx);
}

}  // namespace waystation::casework
