#include "services/dos/dos_service.h"

#include <vector>

#include "common/petitioner/petitioning_agency.h"
#include "services/dos/petitioning.h"
#include "services/dos/register.h"
#include "services/dos/reports.h"
#include "services/dos/returns.h"
#include "waystation/dos/v1/dos_service.grpc.pb.h"

namespace waystation::dos {
namespace {

using agency::Agency;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A reader waits this long for the bus to say whether HHS has received.
constexpr absl::Duration kFreshness = absl::Milliseconds(500);

// The rpcs, one line each: reports.h has what they do.
class Api : public v1::DosService::CallbackService {
 public:
  Api(const casework::Procedures& procedures, const RandomSource& random, Agency& agency,
      Officers& officers)
      : procedures_(procedures), random_(random), agency_(agency), officers_(officers) {}

  ServerUnaryReactor* RecordPostReport(CallbackServerContext* context,
                                       const v1::RecordPostReportRequest* q,
                                       v1::RecordPostReportResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return dos::RecordPostReport(o, r, random_, tx, out);
                           });
  }

  ServerUnaryReactor* RoutePostReport(CallbackServerContext* context,
                                      const v1::RoutePostReportRequest* q,
                                      v1::RoutePostReportResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return dos::RoutePostReport(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* AcceptPostReport(CallbackServerContext* context,
                                       const v1::AcceptPostReportRequest* q,
                                       v1::AcceptPostReportResponse* a) override {
    return officers_.Write(context, q, a, dos::AcceptPostReport);
  }

  ServerUnaryReactor* GetPostReport(CallbackServerContext* context,
                                    const v1::GetPostReportRequest* q,
                                    v1::GetPostReportResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return dos::GetPostReport(o, r, tx, out); });
    });
  }

  ServerUnaryReactor* ListPostReports(CallbackServerContext* context,
                                      const v1::ListPostReportsRequest* q,
                                      v1::ListPostReportsResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return dos::ListPostReports(o, r, tx, out); });
    });
  }

 private:
  const casework::Procedures& procedures_;
  const RandomSource& random_;
  Agency& agency_;
  Officers& officers_;
};

// Returns and reports, and Diplomatic Security's petitions.
class DosAgency : public petitioner::PetitioningAgency {
 public:
  DosAgency() : PetitioningAgency(MakeProcedures(), MakePetitioner()) {}

 protected:
  std::vector<agency::Schema> own_schemas() const override {
    std::vector<agency::Schema> schemas = PetitioningAgency::own_schemas();
    schemas.push_back(Register::schema());
    return schemas;
  }

  std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(Agency& agency,
                                                          Officers& officers) override {
    auto apis = PetitioningAgency::MakeOwnApis(agency, officers);
    apis.push_back(std::make_unique<Api>(procedures(), random(), agency, officers));
    return apis;
  }
};

}  // namespace

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return std::make_unique<DosAgency>();
}

}  // namespace waystation::dos
