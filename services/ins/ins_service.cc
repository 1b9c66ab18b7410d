#include "services/ins/ins_service.h"

#include "common/agency/inbox.h"
#include "common/ids/random.h"
#include "common/status/status.h"
#include "services/ins/decisions.h"
#include "services/ins/incoming.h"
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

absl::Status ListInsInbox(const Officer& officer, const v1::ListInboxRequest& request, Tx& tx,
                          v1::ListInboxResponse& response) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  return agency::AnswerListInbox("ins", request, tx, response);
}

// The rpcs, one line each: petitions.h, decisions.h and presences.h have what they do.
class Api : public v1::InsService::CallbackService {
 public:
  Api(Agency& agency, Officers& officers) : agency_(agency), officers_(officers) {}

  ServerUnaryReactor* ListPetitions(CallbackServerContext* context,
                                    const v1::ListPetitionsRequest* q,
                                    v1::ListPetitionsResponse* a) override {
    return officers_.Read(context, q, a, ins::ListPetitions);
  }

  ServerUnaryReactor* GetPetition(CallbackServerContext* context, const v1::GetPetitionRequest* q,
                                  v1::GetPetitionResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return ReadPetition(o, r, out);
    });
  }

  ServerUnaryReactor* TakeUpPetition(CallbackServerContext* context,
                                     const v1::TakeUpPetitionRequest* q,
                                     v1::TakeUpPetitionResponse* a) override {
    return officers_.Write(context, q, a, ins::TakeUpPetition);
  }

  ServerUnaryReactor* HoldPetition(CallbackServerContext* context, const v1::HoldPetitionRequest* q,
                                   v1::HoldPetitionResponse* a) override {
    return officers_.Write(context, q, a, ins::HoldPetition);
  }

  ServerUnaryReactor* ResumePetition(CallbackServerContext* context,
                                     const v1::ResumePetitionRequest* q,
                                     v1::ResumePetitionResponse* a) override {
    return officers_.Write(context, q, a, ins::ResumePetition);
  }

  ServerUnaryReactor* ReturnPetition(CallbackServerContext* context,
                                     const v1::ReturnPetitionRequest* q,
                                     v1::ReturnPetitionResponse* a) override {
    return officers_.Write(context, q, a, ins::ReturnPetition);
  }

  ServerUnaryReactor* DecideCancellation(CallbackServerContext* context,
                                         const v1::DecideCancellationRequest* q,
                                         v1::DecideCancellationResponse* a) override {
    return officers_.Write(context, q, a, ins::DecideCancellation);
  }

  ServerUnaryReactor* ProposeDecision(CallbackServerContext* context,
                                      const v1::ProposeDecisionRequest* q,
                                      v1::ProposeDecisionResponse* a) override {
    return officers_.Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return ins::ProposeDecision(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* ConfirmDecision(CallbackServerContext* context,
                                      const v1::ConfirmDecisionRequest* q,
                                      v1::ConfirmDecisionResponse* a) override {
    return officers_.Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return ins::ConfirmDecision(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* EndPresence(CallbackServerContext* context, const v1::EndPresenceRequest* q,
                                  v1::EndPresenceResponse* a) override {
    return officers_.Write(context, q, a, ins::EndPresence);
  }

  ServerUnaryReactor* IssueWorkAuthorization(CallbackServerContext* context,
                                             const v1::IssueWorkAuthorizationRequest* q,
                                             v1::IssueWorkAuthorizationResponse* a) override {
    return officers_.Write(context, q, a, ins::IssueWorkAuthorization);
  }

  ServerUnaryReactor* ListPresences(CallbackServerContext* context,
                                    const v1::ListPresencesRequest* q,
                                    v1::ListPresencesResponse* a) override {
    return officers_.Read(context, q, a, ins::ListPresences);
  }

  ServerUnaryReactor* ListInbox(CallbackServerContext* context, const v1::ListInboxRequest* q,
                                v1::ListInboxResponse* a) override {
    return officers_.Read(context, q, a, ListInsInbox);
  }

 private:
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

class InsAgency : public agency::Service {
 public:
  agency::Schema schema() const override { return Register::schema(); }

  void Attach(Agency& agency, Officers& officers) override {
    api_ = std::make_unique<Api>(agency, officers);
  }

  grpc::Service* officers_api() override { return api_.get(); }

  absl::Status OnCase(const agency::CaseMessage& message, Tx& tx) override {
    return ins::OnCase(message, tx);
  }

  absl::Status OnRefused(const agency::CaseMessage& message, const absl::Status&, Tx& tx) override {
    return ins::OnRefused(message, tx);
  }

 private:
  std::unique_ptr<Api> api_;
};

}  // namespace

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return std::make_unique<InsAgency>();
}

}  // namespace waystation::ins
