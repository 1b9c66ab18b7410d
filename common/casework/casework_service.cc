#include "common/casework/casework_service.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/casework/audit_findings.h"
#include "common/casework/break_glass.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/history.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/status/status.h"
#include "waystation/casework/v1/casework.grpc.pb.h"

namespace waystation::casework {
namespace {

using agency::Agency;
using agency::CheckReferralId;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A reader waits this long for the bus to say whether the target has received;
// then the answer is what the agency knew before.
constexpr absl::Duration kFreshness = absl::Milliseconds(500);

// The rpcs, one line each: referrals.h and consents.h have what they do.
class Api : public v1::CaseworkService::CallbackService {
 public:
  using CheckSees = std::function<absl::Status(const Officer&, const std::string& unit)>;
  using CheckSight = std::function<absl::Status(const Officer&, std::string_view, Tx&)>;

  Api(const Procedures& procedures, CheckSees check_sees, CheckSight check_sight,
      const RandomSource& random, Agency& agency, Officers& officers)
      : procedures_(procedures),
        check_sees_(std::move(check_sees)),
        check_sight_(std::move(check_sight)),
        random_(random),
        agency_(agency),
        officers_(officers) {}

  ServerUnaryReactor* OpenReferral(CallbackServerContext* context, const v1::OpenReferralRequest* q,
                                   v1::OpenReferralResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::OpenReferral(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* GetReferral(CallbackServerContext* context, const v1::GetReferralRequest* q,
                                  v1::GetReferralResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return Read(o, r, out);
    });
  }

  ServerUnaryReactor* GetHistory(CallbackServerContext* context, const v1::GetHistoryRequest* q,
                                 v1::GetHistoryResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return History(o, r.referral_id(), out);
    });
  }

  ServerUnaryReactor* BreakGlass(CallbackServerContext* context, const v1::BreakGlassRequest* q,
                                 v1::BreakGlassResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::BreakGlass(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* ListReferrals(CallbackServerContext* context,
                                    const v1::ListReferralsRequest* q,
                                    v1::ListReferralsResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return casework::ListReferrals(SeenBy(o), r, tx, out); });
    });
  }

  ServerUnaryReactor* ListInbox(CallbackServerContext* context, const v1::ListInboxRequest* q,
                                v1::ListInboxResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read(
          [&](Tx& tx) { return casework::ListInbox(procedures_, SeenBy(o), r, tx, out); });
    });
  }

  ServerUnaryReactor* ListAuditFindings(CallbackServerContext* context,
                                        const v1::ListAuditFindingsRequest* q,
                                        v1::ListAuditFindingsResponse* a) override {
    return officers_.Read(context, q, a,
                          [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                            return casework::ListAuditFindings(procedures_, SeenBy(o), r, tx, out);
                          });
  }

  // Whether the target has it is the bus's word alone: for a requester's step it
  // is asked first.
  ServerUnaryReactor* StepReferral(CallbackServerContext* context, const v1::StepReferralRequest* q,
                                   v1::StepReferralResponse* a) override {
    auto refresh = [this](const Officer&, const v1::StepReferralRequest& r) -> absl::Status {
      WS_RETURN_IF_ERROR(CheckReferralId(r.referral_id()));
      if (r.transition() != types::v1::TRANSITION_CANCEL) return absl::OkStatus();
      return agency_.RefreshReferral(r.referral_id()).status();
    };
    return officers_.WriteAfter(context, q, a, refresh,
                                [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                                  return casework::StepReferral(procedures_, o, r, tx, out);
                                });
  }

  ServerUnaryReactor* ProposeAnswer(CallbackServerContext* context,
                                    const v1::ProposeAnswerRequest* q,
                                    v1::ProposeAnswerResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::ProposeAnswer(procedures_, o, r, random_, tx, out);
                           });
  }

  ServerUnaryReactor* ConfirmAnswer(CallbackServerContext* context,
                                    const v1::ConfirmAnswerRequest* q,
                                    v1::ConfirmAnswerResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::ConfirmAnswer(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* ForwardReferral(CallbackServerContext* context,
                                      const v1::ForwardReferralRequest* q,
                                      v1::ForwardReferralResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::ForwardReferral(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* RecordConsent(CallbackServerContext* context,
                                    const v1::RecordConsentRequest* q,
                                    v1::RecordConsentResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return casework::RecordConsent(o, r, random_, tx, out);
                           });
  }

  ServerUnaryReactor* ChangeConsent(CallbackServerContext* context,
                                    const v1::ChangeConsentRequest* q,
                                    v1::ChangeConsentResponse* a) override {
    return officers_.Write(context, q, a, casework::ChangeConsent);
  }

  ServerUnaryReactor* GetConsent(CallbackServerContext* context, const v1::GetConsentRequest* q,
                                 v1::GetConsentResponse* a) override {
    return officers_.Read(context, q, a, [](const Officer&, const auto& r, Tx& tx, auto& out) {
      return casework::GetConsent(r, tx, out);
    });
  }

  ServerUnaryReactor* ListConsents(CallbackServerContext* context, const v1::ListConsentsRequest* q,
                                   v1::ListConsentsResponse* a) override {
    return officers_.Read(context, q, a, [](const Officer&, const auto& r, Tx& tx, auto& out) {
      return casework::ListConsents(r, tx, out);
    });
  }

 private:
  Sees SeenBy(const Officer& officer) const {
    return [this, &officer](const std::string& unit) { return check_sees_(officer, unit); };
  }

  absl::Status Read(const Officer& officer, const v1::GetReferralRequest& request,
                    v1::GetReferralResponse& response) {
    WS_RETURN_IF_ERROR(CheckReferralId(request.referral_id()));
    // Only for a fresher state: without the bus the officer sees what is known.
    (void)agency_.RefreshReferral(request.referral_id(), kFreshness);
    bool first = false;
    absl::Status read = agency_.Read([&](Tx& tx) -> absl::Status {
      WS_RETURN_IF_ERROR(casework::GetReferral(procedures_, officer, request, tx, response));
      first = IsFirstReading(officer, response.referral(), tx);
      return absl::OkStatus();
    });
    if (!read.ok() || !first) return read;
    return agency_.Write([&](Tx& tx) { return TakeAsRead(request.referral_id(), tx); });
  }

  // What the officer may not see is refused before the bus is asked.
  absl::Status History(const Officer& officer, const std::string& id,
                       v1::GetHistoryResponse& response) {
    WS_RETURN_IF_ERROR(CheckReferralId(id));
    absl::Status ours = agency_.Read([&](Tx& tx) -> absl::Status {
      WS_RETURN_IF_ERROR(check_sight_(officer, id, tx));
      WS_ASSIGN_OR_RETURN(auto stored, CaseTable(tx.db()).Find(id));
      if (!stored.has_value()) return absl::OkStatus();
      return FillHistory(procedures_, officer, *stored, tx, response);
    });
    if (!ours.ok()) return ours;
    WS_ASSIGN_OR_RETURN(agency::Evidence evidence, agency_.GetEvidence(id));
    *response.mutable_history() = std::move(evidence.history);
    *response.mutable_directory() = std::move(evidence.directory);
    return absl::OkStatus();
  }

  const Procedures& procedures_;
  const CheckSees check_sees_;
  const CheckSight check_sight_;
  const RandomSource& random_;
  Agency& agency_;
  Officers& officers_;
};

}  // namespace

CaseworkAgency::CaseworkAgency(Procedures procedures, RandomSource random)
    : procedures_(std::move(procedures)), random_(std::move(random)) {}

CaseworkAgency::~CaseworkAgency() = default;

std::vector<agency::Schema> CaseworkAgency::schemas() const {
  std::vector<agency::Schema> schemas = own_schemas();
  schemas.insert(schemas.begin(), CaseTable::schema());
  return schemas;
}

void CaseworkAgency::Attach(Agency& agency, Officers& officers) {
  auto check_sees = [this](const Officer& officer, const std::string& unit) {
    return CheckSees(officer, unit);
  };
  auto check_sight = [this](const Officer& officer, std::string_view id, Tx& tx) {
    return CheckSight(officer, id, tx);
  };
  api_ = std::make_unique<Api>(procedures_, check_sees, check_sight, random_, agency, officers);
  own_apis_ = MakeOwnApis(agency, officers);
}

std::vector<grpc::Service*> CaseworkAgency::officers_apis() {
  std::vector<grpc::Service*> apis = {api_.get()};
  for (const auto& one : own_apis_) apis.push_back(one.get());
  return apis;
}

Officers::Options CaseworkAgency::officers_options() const {
  Officers::Options options;
  // A field that this API does not know may hold what must not be sent: a name.
  options.unknown_field_reason = "NAME_NOT_ALLOWED";
  return options;
}

absl::Status CaseworkAgency::CheckSight(const Officer& officer, std::string_view referral_id,
                                        Tx& tx) const {
  WS_ASSIGN_OR_RETURN(auto stored, CaseTable(tx.db()).Find(referral_id));
  return stored.has_value() ? absl::OkStatus() : CheckOwnSight(officer, referral_id, tx);
}

absl::Status CaseworkAgency::CheckOwnSight(const Officer& officer, std::string_view referral_id,
                                           Tx& tx) const {
  absl::StatusOr<agency::ReferralView> view = tx.Referral(referral_id);
  if (view.ok() && view->our_unit == officer.unit()) return absl::OkStatus();
  // What is there and what is not read alike.
  return Refusal(absl::StatusCode::kNotFound, "REFERRAL_UNKNOWN",
                 Problem("referral", "not one of this agency"));
}

absl::Status CaseworkAgency::OnCase(const agency::CaseMessage& message, Tx& tx) {
  WS_ASSIGN_OR_RETURN(bool ours, IsOurs(procedures_, message, tx));
  return ours ? casework::OnCase(procedures_, message, tx) : OnOwnCase(message, tx);
}

// A request that nobody here has goes back by casework's own hand.
absl::Status CaseworkAgency::OnOwnCase(const agency::CaseMessage& message, Tx& tx) {
  return casework::OnCase(procedures_, message, tx);
}

absl::Status CaseworkAgency::OnRefused(const agency::CaseMessage& message,
                                       const absl::Status& refusal, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto found, CaseTable(tx.db()).Find(message.header.referral().referral_id()));
  return found.has_value() ? casework::OnRefused(procedures_, message, refusal, tx)
                           : OnOwnRefused(message, refusal, tx);
}

}  // namespace waystation::casework
