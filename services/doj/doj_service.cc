#include "services/doj/doj_service.h"

#include <utility>

#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/status/status.h"
#include "services/doj/casebook.h"
#include "services/doj/incoming.h"
#include "services/doj/intakes.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"

namespace waystation::doj {
namespace {

using agency::Agency;
using agency::CheckReferralId;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A reader waits this long for the bus to say whether INS has received; then the
// answer is what DOJ knew before.
constexpr absl::Duration kFreshness = absl::Milliseconds(500);

// The rpcs, one line each: intakes.h and petitions.h have what they do.
class Api : public v1::DojService::CallbackService {
 public:
  Api(Agency& agency, Officers& officers, const Options& options)
      : agency_(agency), officers_(officers), options_(options) {}

  ServerUnaryReactor* OpenIntake(CallbackServerContext* context, const v1::OpenIntakeRequest* q,
                                 v1::OpenIntakeResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return doj::OpenIntake(o, r, options_.random, tx, out);
                           });
  }

  ServerUnaryReactor* RecordFinding(CallbackServerContext* context,
                                    const v1::RecordFindingRequest* q,
                                    v1::RecordFindingResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return doj::RecordFinding(o, r, options_.random, tx, out);
                           });
  }

  ServerUnaryReactor* RecordDuty(CallbackServerContext* context, const v1::RecordDutyRequest* q,
                                 v1::RecordDutyResponse* a) override {
    return officers_.Write(context, q, a, doj::RecordDuty);
  }

  ServerUnaryReactor* GetIntake(CallbackServerContext* context, const v1::GetIntakeRequest* q,
                                v1::GetIntakeResponse* a) override {
    return officers_.Read(context, q, a, [](const Officer&, const auto& r, Tx& tx, auto& out) {
      return doj::GetIntake(r, tx, out);
    });
  }

  ServerUnaryReactor* ListIntakes(CallbackServerContext* context, const v1::ListIntakesRequest* q,
                                  v1::ListIntakesResponse* a) override {
    return officers_.Read(context, q, a, [](const Officer&, const auto& r, Tx& tx, auto& out) {
      return doj::ListIntakes(r, tx, out);
    });
  }

  ServerUnaryReactor* FilePetition(CallbackServerContext* context, const v1::FilePetitionRequest* q,
                                   v1::FilePetitionResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return doj::FilePetition(o, r, options_.due, tx, out);
                           });
  }

  ServerUnaryReactor* RequestRenewal(CallbackServerContext* context,
                                     const v1::RequestRenewalRequest* q,
                                     v1::RequestRenewalResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return doj::RequestRenewal(o, r, options_.due, tx, out);
                           });
  }

  // Whether INS has it is the bus's word alone: it is asked first.
  ServerUnaryReactor* CancelPetition(CallbackServerContext* context,
                                     const v1::CancelPetitionRequest* q,
                                     v1::CancelPetitionResponse* a) override {
    auto refresh = [this](const Officer&, const v1::CancelPetitionRequest& r) -> absl::Status {
      WS_RETURN_IF_ERROR(CheckReferralId(r.referral_id()));
      return agency_.RefreshReferral(r.referral_id()).status();
    };
    return officers_.WriteAfter(context, q, a, refresh, doj::CancelPetition);
  }

  ServerUnaryReactor* ListPetitions(CallbackServerContext* context,
                                    const v1::ListPetitionsRequest* q,
                                    v1::ListPetitionsResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer&, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return doj::ListPetitions(r, tx, out); });
    });
  }

  ServerUnaryReactor* GetPetition(CallbackServerContext* context, const v1::GetPetitionRequest* q,
                                  v1::GetPetitionResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return ReadPetition(o, r, out);
    });
  }

  ServerUnaryReactor* ListInbox(CallbackServerContext* context, const v1::ListInboxRequest* q,
                                v1::ListInboxResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer&, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return agency::AnswerListInbox("doj", r, tx, out); });
    });
  }

 private:
  absl::Status ReadPetition(const Officer& officer, const v1::GetPetitionRequest& request,
                            v1::GetPetitionResponse& response) {
    WS_RETURN_IF_ERROR(CheckReferralId(request.referral_id()));
    // Only for a fresher state: without the bus the officer sees what is known.
    (void)agency_.RefreshReferral(request.referral_id(), kFreshness);
    bool first = false;
    absl::Status read = agency_.Read([&](Tx& tx) -> absl::Status {
      WS_RETURN_IF_ERROR(doj::GetPetition(request, tx, response));
      first = IsFirstReading(officer, response.petition(), tx);
      return absl::OkStatus();
    });
    if (!read.ok() || !first) return read;
    return agency_.Write(
        [&](Tx& tx) { return agency::MarkOutcomeRead(request.referral_id(), tx); });
  }

  Agency& agency_;
  Officers& officers_;
  const Options& options_;
};

class DojAgency : public agency::Service {
 public:
  explicit DojAgency(Options options) : options_(std::move(options)) {}

  agency::Schema schema() const override { return Casebook::schema(); }

  void Attach(Agency& agency, Officers& officers) override {
    api_ = std::make_unique<Api>(agency, officers, options_);
  }

  grpc::Service* officers_api() override { return api_.get(); }

  Officers::Options officers_options() const override {
    Officers::Options options;
    // A field that this API does not know may hold what must not be sent: a name.
    options.unknown_field_reason = "NAME_NOT_ALLOWED";
    return options;
  }

  absl::Status OnCase(const agency::CaseMessage& message, Tx& tx) override {
    return doj::OnCase(message, tx);
  }

  // DOJ's rows say what officers did and what INS answered; neither is undone when the bus refuses
  // a message. The referral itself shows the refusal.
  absl::Status OnRefused(const agency::CaseMessage&, const absl::Status&, Tx&) override {
    return absl::OkStatus();
  }

 private:
  const Options options_;
  std::unique_ptr<Api> api_;
};

}  // namespace

std::unique_ptr<agency::Service> MakeServiceWith(Options options) {
  return std::make_unique<DojAgency>(std::move(options));
}

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return MakeServiceWith({});
}

}  // namespace waystation::doj
