#include "services/ins/ins_service.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/agency/inbox.h"
#include "common/casework/casework_service.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "services/ins/decisions.h"
#include "services/ins/incoming.h"
#include "services/ins/notices.h"
#include "services/ins/petition_law.h"
#include "services/ins/petitions.h"
#include "services/ins/presences.h"
#include "services/ins/register.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::ins {
namespace {

using agency::Agency;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// The rpcs, one line each: petitions.h, decisions.h and presences.h have what they do.
class Api : public v1::InsService::CallbackService {
 public:
  Api(Agency& agency, Officers& officers) : agency_(agency), officers_(officers) {}

  ServerUnaryReactor* ListPetitions(CallbackServerContext* context,
                                    const v1::ListPetitionsRequest* q,
                                    v1::ListPetitionsResponse* a) override {
    return Read(context, q, a, ins::ListPetitions);
  }

  ServerUnaryReactor* GetPetition(CallbackServerContext* context, const v1::GetPetitionRequest* q,
                                  v1::GetPetitionResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      TellHhsWhatIsDue();
      return ReadPetition(o, r, out);
    });
  }

  ServerUnaryReactor* TakeUpPetition(CallbackServerContext* context,
                                     const v1::TakeUpPetitionRequest* q,
                                     v1::TakeUpPetitionResponse* a) override {
    return Write(context, q, a, ins::TakeUpPetition);
  }

  ServerUnaryReactor* HoldPetition(CallbackServerContext* context, const v1::HoldPetitionRequest* q,
                                   v1::HoldPetitionResponse* a) override {
    return Write(context, q, a, ins::HoldPetition);
  }

  ServerUnaryReactor* ResumePetition(CallbackServerContext* context,
                                     const v1::ResumePetitionRequest* q,
                                     v1::ResumePetitionResponse* a) override {
    return Write(context, q, a, ins::ResumePetition);
  }

  ServerUnaryReactor* ReturnPetition(CallbackServerContext* context,
                                     const v1::ReturnPetitionRequest* q,
                                     v1::ReturnPetitionResponse* a) override {
    return Write(context, q, a, ins::ReturnPetition);
  }

  ServerUnaryReactor* DecideCancellation(CallbackServerContext* context,
                                         const v1::DecideCancellationRequest* q,
                                         v1::DecideCancellationResponse* a) override {
    return Write(context, q, a, ins::DecideCancellation);
  }

  ServerUnaryReactor* ProposeDecision(CallbackServerContext* context,
                                      const v1::ProposeDecisionRequest* q,
                                      v1::ProposeDecisionResponse* a) override {
    return Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return ins::ProposeDecision(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* ConfirmDecision(CallbackServerContext* context,
                                      const v1::ConfirmDecisionRequest* q,
                                      v1::ConfirmDecisionResponse* a) override {
    return Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return ins::ConfirmDecision(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* EndPresence(CallbackServerContext* context, const v1::EndPresenceRequest* q,
                                  v1::EndPresenceResponse* a) override {
    return Write(context, q, a, ins::EndPresence);
  }

  ServerUnaryReactor* IssueWorkAuthorization(CallbackServerContext* context,
                                             const v1::IssueWorkAuthorizationRequest* q,
                                             v1::IssueWorkAuthorizationResponse* a) override {
    return Write(context, q, a, ins::IssueWorkAuthorization);
  }

  ServerUnaryReactor* ListPresences(CallbackServerContext* context,
                                    const v1::ListPresencesRequest* q,
                                    v1::ListPresencesResponse* a) override {
    return Read(context, q, a, ins::ListPresences);
  }

 private:
  template <typename Request, typename Response, typename Fn>
  ServerUnaryReactor* Read(CallbackServerContext* context, const Request* request,
                           Response* response, Fn fn) {
    return officers_.Call(context, request, response,
                          [this, fn](const Officer& o, const Request& r, Response& out) {
                            TellHhsWhatIsDue();
                            return agency_.Read([&](Tx& tx) { return fn(o, r, tx, out); });
                          });
  }

  template <typename Request, typename Response, typename Fn>
  ServerUnaryReactor* Write(CallbackServerContext* context, const Request* request,
                            Response* response, Fn fn) {
    auto look = [this](const Officer&, const Request&) {
      TellHhsWhatIsDue();
      return absl::OkStatus();
    };
    return officers_.WriteAfter(context, request, response, look, fn);
  }

  // A presence that runs out does so without anybody's act, and the agency has no
  // clock of its own: each call looks first, in a transaction of its own, so that
  // it hinders none.
  void TellHhsWhatIsDue() {
    bool due = false;
    absl::Status looked = agency_.Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(due, IsHhsDue(tx));
      return absl::OkStatus();
    });
    if (looked.ok() && due) looked = agency_.Write(TellWhatIsDue);
    if (!looked.ok()) log::Error("ins", "hhs_not_told", {{"error", looked.ToString()}});
  }

  absl::Status ReadPetition(const Officer& officer, const v1::GetPetitionRequest& request,
                            v1::GetPetitionResponse& response) {
    bool first = false;
    absl::Status read = agency_.Read([&](Tx& tx) -> absl::Status {
      WS_RETURN_IF_ERROR(ins::GetPetition(officer, request, tx, response));
      WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(request.referral_id()));
      first = view.unread;
      return absl::OkStatus();
    });
    if (!read.ok() || !first) return read;
    return agency_.Write(
        [&](Tx& tx) { return agency::MarkOutcomeRead(request.referral_id(), tx); });
  }

  Agency& agency_;
  Officers& officers_;
};

casework::Procedures MakeProcedures() {
  casework::Procedures::List list;
  list.push_back(MakeStatusNotices());
  // Anyone may start a child's referral (C15).
  list.push_back(std::make_unique<casework::Procedure>(procedures::ChildToHhs()));
  return {"ins", std::move(list)};
}

// Petitions are INS's own; what it sends besides is casework's.
class InsAgency : public casework::CaseworkAgency {
 public:
  InsAgency() : CaseworkAgency(MakeProcedures()) {}

  // Elsewhere any staff of an agency sees its list of referrals. Here a list alone
  // tells enforcement who was granted a presence, which policy CP-4 denies it.
  Officers::Options officers_options() const override {
    Officers::Options options = CaseworkAgency::officers_options();
    options.check_officer = CheckAdjudicator;
    return options;
  }

 protected:
  // Of what was sent to enforcement adjudication sees nothing either.
  absl::Status CheckSees(const Officer& officer, const std::string& unit) const override {
    return CheckOpenTo(officer, unit);
  }

  std::vector<agency::Schema> own_schemas() const override { return {Register::schema()}; }

  absl::Status CheckOwnSight(const Officer& officer, std::string_view referral_id,
                             Tx& tx) const override {
    v1::GetPetitionRequest request;
    v1::GetPetitionResponse seen;
    request.set_referral_id(std::string(referral_id));
    return ins::GetPetition(officer, request, tx, seen);
  }

  std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(Agency& agency,
                                                          Officers& officers) override {
    std::vector<std::unique_ptr<grpc::Service>> apis;
    apis.push_back(std::make_unique<Api>(agency, officers));
    return apis;
  }

  absl::Status OnOwnCase(const agency::CaseMessage& message, Tx& tx) override {
    return ins::OnCase(message, tx);
  }

  absl::Status OnOwnRefused(const agency::CaseMessage& message, const absl::Status&,
                            Tx& tx) override {
    return ins::OnRefused(message, tx);
  }
};

}  // namespace

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return std::make_unique<InsAgency>();
}

}  // namespace waystation::ins
