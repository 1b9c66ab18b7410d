#include "services/hhs/hhs_service.h"

#include <utility>
#include <vector>

#include "common/casework/casework_service.h"
#include "common/ids/random.h"
#include "common/procedures/doj.h"
#include "common/status/status.h"
#include "services/hhs/cases.h"
#include "services/hhs/letters.h"
#include "services/hhs/procedures.h"
#include "services/hhs/register.h"
#include "waystation/hhs/v1/hhs_service.grpc.pb.h"

namespace waystation::hhs {
namespace {

using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// The rpcs, one line each: cases.h and letters.h have what they do.
class Api : public v1::HhsService::CallbackService {
 public:
  Api(const casework::Procedures& procedures, const evidence::Signer& signer, Officers& officers)
      : procedures_(procedures), signer_(signer), officers_(officers) {}

  ServerUnaryReactor* OpenCase(CallbackServerContext* context, const v1::OpenCaseRequest* q,
                               v1::OpenCaseResponse* a) override {
    return officers_.Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return hhs::OpenCase(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* RecordFacts(CallbackServerContext* context, const v1::RecordFactsRequest* q,
                                  v1::RecordFactsResponse* a) override {
    return officers_.Write(context, q, a, hhs::RecordFacts);
  }

  ServerUnaryReactor* RecordWillingness(CallbackServerContext* context,
                                        const v1::RecordWillingnessRequest* q,
                                        v1::RecordWillingnessResponse* a) override {
    return officers_.Write(context, q, a, hhs::RecordWillingness);
  }

  ServerUnaryReactor* ConsultAttorneyGeneral(CallbackServerContext* context,
                                             const v1::ConsultAttorneyGeneralRequest* q,
                                             v1::ConsultAttorneyGeneralResponse* a) override {
    return officers_.Write(
        context, q, a, [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
          const casework::Procedure* consultation =
              procedures_.ByName(procedures::AttorneyGeneralConsultation().terms.name);
          WS_CHECK(consultation != nullptr);
          return hhs::ConsultAttorneyGeneral(*consultation, o, r, tx, out);
        });
  }

  ServerUnaryReactor* ProposeLetter(CallbackServerContext* context,
                                    const v1::ProposeLetterRequest* q,
                                    v1::ProposeLetterResponse* a) override {
    return officers_.Write(context, q, a, [](const Officer& o, const auto& r, Tx& tx, auto& out) {
      return hhs::ProposeLetter(o, r, SystemRandom, tx, out);
    });
  }

  ServerUnaryReactor* ConfirmLetter(CallbackServerContext* context,
                                    const v1::ConfirmLetterRequest* q,
                                    v1::ConfirmLetterResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return hhs::ConfirmLetter(o, r, signer_, SystemRandom, tx, out);
                           });
  }

  ServerUnaryReactor* GetLetter(CallbackServerContext* context, const v1::GetLetterRequest* q,
                                v1::GetLetterResponse* a) override {
    return officers_.Read(context, q, a, hhs::GetLetter);
  }

  ServerUnaryReactor* VerifyLetter(CallbackServerContext* context, const v1::VerifyLetterRequest* q,
                                   v1::VerifyLetterResponse* a) override {
    return officers_.Write(context, q, a, hhs::VerifyLetter);
  }

  ServerUnaryReactor* GetCase(CallbackServerContext* context, const v1::GetCaseRequest* q,
                              v1::GetCaseResponse* a) override {
    return officers_.Read(context, q, a, hhs::GetCase);
  }

  ServerUnaryReactor* ListCases(CallbackServerContext* context, const v1::ListCasesRequest* q,
                                v1::ListCasesResponse* a) override {
    return officers_.Read(context, q, a, hhs::ListCases);
  }

 private:
  const casework::Procedures& procedures_;
  const evidence::Signer& signer_;
  Officers& officers_;
};

class HhsAgency : public casework::CaseworkAgency {
 public:
  explicit HhsAgency(std::shared_ptr<const evidence::Signer> signer)
      : CaseworkAgency(MakeProcedures(SystemRandom)), signer_(std::move(signer)) {}

 protected:
  std::vector<agency::Schema> own_schemas() const override { return {Register::schema()}; }

  std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(agency::Agency&,
                                                          Officers& officers) override {
    std::vector<std::unique_ptr<grpc::Service>> apis;
    apis.push_back(std::make_unique<Api>(procedures(), *signer_, officers));
    return apis;
  }

 private:
  const std::shared_ptr<const evidence::Signer> signer_;
};

}  // namespace

std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock&) {
  return std::make_unique<HhsAgency>(identity.signer);
}

}  // namespace waystation::hhs
