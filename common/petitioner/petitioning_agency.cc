#include "common/petitioner/petitioning_agency.h"

#include <string>
#include <string_view>
#include <utility>

#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/casework/referrals.h"
#include "common/petitioner/casebook.h"
#include "common/petitioner/incoming.h"
#include "common/petitioner/intakes.h"
#include "common/petitioner/petitions.h"
#include "common/status/status.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"

namespace waystation::petitioner {
namespace {

using agency::Agency;
using agency::CheckReferralId;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A reader waits this long for the bus to say whether INS has received; then the
// answer is what the agency knew before.
constexpr absl::Duration kFreshness = absl::Milliseconds(500);

// One of the functions of intakes.h or petitions.h, with the petitioner in its place.
template <typename Request, typename Response>
auto With(const Petitioner& petitioner,
          absl::Status (*act)(const Petitioner&, const Officer&, const Request&, Tx&, Response&)) {
  return [&petitioner, act](const Officer& officer, const Request& request, Tx& tx,
                            Response& response) {
    return act(petitioner, officer, request, tx, response);
  };
}

// The rpcs, one line each: intakes.h and petitions.h have what they do.
class Api : public v1::DojService::CallbackService {
 public:
  Api(const Petitioner& petitioner, Agency& agency, Officers& officers)
      : petitioner_(petitioner), agency_(agency), officers_(officers) {}

  ServerUnaryReactor* OpenIntake(CallbackServerContext* context, const v1::OpenIntakeRequest* q,
                                 v1::OpenIntakeResponse* a) override {
    return officers_.Write(context, q, a, With(petitioner_, petitioner::OpenIntake));
  }

  ServerUnaryReactor* RecordFinding(CallbackServerContext* context,
                                    const v1::RecordFindingRequest* q,
                                    v1::RecordFindingResponse* a) override {
    return officers_.Write(context, q, a, With(petitioner_, petitioner::RecordFinding));
  }

  ServerUnaryReactor* RecordDuty(CallbackServerContext* context, const v1::RecordDutyRequest* q,
                                 v1::RecordDutyResponse* a) override {
    return officers_.Write(context, q, a, With(petitioner_, petitioner::RecordDuty));
  }

  ServerUnaryReactor* GetIntake(CallbackServerContext* context, const v1::GetIntakeRequest* q,
                                v1::GetIntakeResponse* a) override {
    return officers_.Read(context, q, a, With(petitioner_, petitioner::GetIntake));
  }

  ServerUnaryReactor* ListIntakes(CallbackServerContext* context, const v1::ListIntakesRequest* q,
                                  v1::ListIntakesResponse* a) override {
    return officers_.Read(context, q, a, With(petitioner_, petitioner::ListIntakes));
  }

  ServerUnaryReactor* FilePetition(CallbackServerContext* context, const v1::FilePetitionRequest* q,
                                   v1::FilePetitionResponse* a) override {
    return officers_.Write(context, q, a, With(petitioner_, petitioner::FilePetition));
  }

  ServerUnaryReactor* RequestRenewal(CallbackServerContext* context,
                                     const v1::RequestRenewalRequest* q,
                                     v1::RequestRenewalResponse* a) override {
    return officers_.Write(context, q, a, With(petitioner_, petitioner::RequestRenewal));
  }

  // Whether INS has it is the bus's word alone: it is asked first.
  ServerUnaryReactor* CancelPetition(CallbackServerContext* context,
                                     const v1::CancelPetitionRequest* q,
                                     v1::CancelPetitionResponse* a) override {
    auto refresh = [this](const Officer&, const v1::CancelPetitionRequest& r) -> absl::Status {
      WS_RETURN_IF_ERROR(CheckReferralId(r.referral_id()));
      return agency_.RefreshReferral(r.referral_id()).status();
    };
    return officers_.WriteAfter(context, q, a, refresh,
                                With(petitioner_, petitioner::CancelPetition));
  }

  ServerUnaryReactor* ListPetitions(CallbackServerContext* context,
                                    const v1::ListPetitionsRequest* q,
                                    v1::ListPetitionsResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read(
          [&](Tx& tx) { return petitioner::ListPetitions(petitioner_, o, r, tx, out); });
    });
  }

  ServerUnaryReactor* GetPetition(CallbackServerContext* context, const v1::GetPetitionRequest* q,
                                  v1::GetPetitionResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return ReadPetition(o, r, out);
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
      WS_RETURN_IF_ERROR(petitioner::GetPetition(petitioner_, officer, request, tx, response));
      first = IsFirstReading(officer, response.petition(), tx);
      return absl::OkStatus();
    });
    if (!read.ok() || !first) return read;
    return agency_.Write(
        [&](Tx& tx) { return agency::MarkOutcomeRead(request.referral_id(), tx); });
  }

  const Petitioner& petitioner_;
  Agency& agency_;
  Officers& officers_;
};

}  // namespace

PetitioningAgency::PetitioningAgency(casework::Procedures procedures, Petitioner petitioner)
    : CaseworkAgency(std::move(procedures)), petitioner_(std::move(petitioner)) {
  WS_CHECK(petitioner_.knows_person != nullptr);
}

absl::Status PetitioningAgency::CheckSees(const Officer& officer, const std::string& unit) const {
  return petitioner_.Sees(officer, unit) ? absl::OkStatus() : casework::CheckOwnUnit(officer, unit);
}

std::vector<agency::Schema> PetitioningAgency::own_schemas() const { return {Casebook::schema()}; }

std::vector<std::unique_ptr<grpc::Service>> PetitioningAgency::MakeOwnApis(Agency& agency,
                                                                           Officers& officers) {
  std::vector<std::unique_ptr<grpc::Service>> apis;
  apis.push_back(std::make_unique<Api>(petitioner_, agency, officers));
  return apis;
}

absl::Status PetitioningAgency::CheckOwnSight(const Officer& officer, std::string_view referral_id,
                                              Tx& tx) const {
  v1::GetPetitionRequest request;
  v1::GetPetitionResponse seen;
  request.set_referral_id(std::string(referral_id));
  const absl::Status petition = petitioner::GetPetition(petitioner_, officer, request, tx, seen);
  if (!absl::IsNotFound(petition)) return petition;
  return CaseworkAgency::CheckOwnSight(officer, referral_id, tx);
}

// The rows say what officers did and what INS answered; neither is undone when the bus refuses a
// message, so OnOwnRefused has nothing to do. The referral itself shows the refusal.
absl::Status PetitioningAgency::OnOwnCase(const agency::CaseMessage& message, Tx& tx) {
  return petitioner::OnCase(petitioner_, procedures(), message, tx);
}

}  // namespace waystation::petitioner
