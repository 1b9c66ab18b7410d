#include "services/ins/ins_service.h"

#include <chrono>
#include <memory>
#include <string>

#include "common/agency/schema.h"
#include "common/agency/test_world.h"
#include "common/ids/random.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_grpc.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::ins {
namespace {

using casework::v1::CaseworkService;
using testing::HasSubstr;

// The service as it runs, with an officer of each unit, over mutual TLS.
class InsServiceTest : public testing::Test {
 protected:
  InsServiceTest() {
    agency::Agency::Parts parts;
    parts.identity.spiffe_id = kIns;
    parts.identity.agency = "ins";
    AddStaff("adjudicator", "ins/vermont-service-center", parts.identity);
    AddStaff("agent", "ins/investigations", parts.identity);
    service_ = MakeService(parts.identity, world_.clock());
    std::vector<agency::Schema> schemas = service_->schemas();
    schemas.insert(schemas.begin(), agency::RuntimeSchema());
    parts.store = *agency::Store::Open({world_.StorePath("ins"), world_.store_key()}, schemas);
    parts.bus = world_.exchange().Connect(kIns);
    parts.clock = &world_.clock();
    parts.random = SystemRandom;
    agency_ = *agency::Agency::Create(std::move(parts), *service_);
    officers_ = std::make_unique<agency::Officers>(*agency_, tls_.Trust(world_.clock()),
                                                   service_->officers_options());
    service_->Attach(*agency_, *officers_);
    rpc::ServerOptions options;
    options.credentials = *rpc::MakeServerCredentials(
        tls_.Issue({kIns}).files, tls_.Trust(world_.clock()), world_.clock(), nullptr);
    server_ = *rpc::Server::Start(options, service_->officers_apis());
  }

  ~InsServiceTest() override {
    server_->Shutdown(absl::Seconds(1));
    officers_->Shutdown();
  }

  static void AddStaff(const std::string& staff_id, const std::string& unit,
                       agency::Identity& identity) {
    agency::Officer& officer = identity.staff[staff_id];
    officer.set_staff_id(staff_id);
    officer.set_unit(unit);
  }

  // One call of `staff` with an empty request, or the one that is given.
  template <typename Api, typename Request, typename Response>
  absl::Status Ask(const std::string& staff,
                   grpc::Status (Api::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request = {}) {
    auto credentials =
        rpc::MakeChannelCredentials(tls_.Issue({absl::StrCat(kIns, "/staff/", staff)}).files,
                                    tls_.Trust(world_.clock()), world_.clock(), kIns);
    auto stub = Api::NewStub(rpc::MakeChannel(server_->address(), *credentials));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    Response response;
    return rpc::FromGrpcStatus((stub.get()->*rpc)(&context, request, &response));
  }

  static constexpr char kIns[] = "spiffe://waystation.example/agency/ins";
  agency::TestWorld world_;
  rpc::TestTls tls_{world_.clock().Now()};
  std::unique_ptr<agency::Service> service_;
  std::unique_ptr<agency::Agency> agency_;
  std::unique_ptr<agency::Officers> officers_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(InsServiceTest, ServesBothApisToAnAdjudicator) {
  const char* staff = "adjudicator";
  EXPECT_TRUE(Ask<v1::InsService>(staff, &v1::InsService::Stub::ListPresences).ok());
  EXPECT_TRUE(Ask<CaseworkService>(staff, &CaseworkService::Stub::ListInbox).ok());
  EXPECT_TRUE(Ask<CaseworkService>(staff, &CaseworkService::Stub::ListReferrals).ok());
  casework::v1::GetReferralRequest get;
  get.set_referral_id("0123456789abcdef");
  EXPECT_EQ(ReasonOf(Ask<CaseworkService>(staff, &CaseworkService::Stub::GetReferral, get)),
            "REFERRAL_UNKNOWN");
}

TEST_F(InsServiceTest, DeniesEnforcementBothApisWithTheCitation) {
  const char* staff = "agent";
  casework::v1::GetReferralRequest get;
  get.set_referral_id("0123456789abcdef");
  for (const absl::Status& refused :
       {Ask<v1::InsService>(staff, &v1::InsService::Stub::ListPresences),
        Ask<CaseworkService>(staff, &CaseworkService::Stub::ListInbox),
        Ask<CaseworkService>(staff, &CaseworkService::Stub::ListReferrals),
        Ask<CaseworkService>(staff, &CaseworkService::Stub::GetReferral, get),
        Ask<CaseworkService>(staff, &CaseworkService::Stub::OpenReferral)}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(ReasonOf(refused), "UNIT_DENIED");
    EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-4"));
  }
}

TEST_F(InsServiceTest, ShowsNoInboxOfAnotherUnit) {
  casework::v1::ListInboxRequest request;
  request.set_unit("ins/vermont-service-center");
  EXPECT_TRUE(Ask<CaseworkService>("adjudicator", &CaseworkService::Stub::ListInbox, request).ok());
  request.set_unit("ins/investigations");
  for (const char* staff : {"adjudicator", "agent"}) {
    const absl::Status refused =
        Ask<CaseworkService>(staff, &CaseworkService::Stub::ListInbox, request);
    EXPECT_EQ(ReasonOf(refused), "UNIT_DENIED") << staff;
    EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-4")) << staff;
  }
}

TEST_F(InsServiceTest, RefusesWhoIsNoStaff) {
  EXPECT_EQ(ReasonOf(Ask<CaseworkService>("stranger", &CaseworkService::Stub::ListInbox)),
            "CALLER_NOT_STAFF");
}

}  // namespace
}  // namespace waystation::ins
