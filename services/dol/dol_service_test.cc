#include "services/dol/dol_service.h"

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
#include "gtest/gtest.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/dol/v1/dol_service.grpc.pb.h"

namespace waystation::dol {
namespace {

using casework::v1::CaseworkService;
using Stub = v1::DolService::Stub;

// The service as it runs, with an officer of each unit, over mutual TLS.
class DolServiceTest : public testing::Test {
 protected:
  DolServiceTest() {
    agency::Agency::Parts parts;
    parts.identity.spiffe_id = kDol;
    parts.identity.agency = "dol";
    AddStaff(kLine, "dol/complaint-line", parts.identity);
    AddStaff(kEta, "dol/eta", parts.identity);
    service_ = MakeService(parts.identity, world_.clock());
    std::vector<agency::Schema> schemas = service_->schemas();
    schemas.insert(schemas.begin(), agency::RuntimeSchema());
    parts.store = *agency::Store::Open({world_.StorePath("dol"), world_.store_key()}, schemas);
    parts.bus = world_.exchange().Connect(kDol);
    parts.clock = &world_.clock();
    parts.random = SystemRandom;
    agency_ = *agency::Agency::Create(std::move(parts), *service_);
    officers_ = std::make_unique<agency::Officers>(*agency_, tls_.Trust(world_.clock()),
                                                   service_->officers_options());
    service_->Attach(*agency_, *officers_);
    rpc::ServerOptions options;
    options.credentials = *rpc::MakeServerCredentials(
        tls_.Issue({kDol}).files, tls_.Trust(world_.clock()), world_.clock(), nullptr);
    server_ = *rpc::Server::Start(options, service_->officers_apis());
  }

  ~DolServiceTest() override {
    server_->Shutdown(absl::Seconds(1));
    officers_->Shutdown();
  }

  static void AddStaff(const std::string& staff_id, const std::string& unit,
                       agency::Identity& identity) {
    agency::Officer& officer = identity.staff[staff_id];
    officer.set_staff_id(staff_id);
    officer.set_unit(unit);
  }

  // One call of `staff`.
  template <typename Api = v1::DolService, typename Request, typename Response>
  absl::StatusOr<Response> Ask(const std::string& staff,
                               grpc::Status (Api::Stub::*rpc)(grpc::ClientContext*, const Request&,
                                                              Response*),
                               const Request& request) {
    auto credentials =
        rpc::MakeChannelCredentials(tls_.Issue({absl::StrCat(kDol, "/staff/", staff)}).files,
                                    tls_.Trust(world_.clock()), world_.clock(), kDol);
    auto stub = Api::NewStub(rpc::MakeChannel(server_->address(), *credentials));
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    Response response;
    WS_RETURN_IF_ERROR(rpc::FromGrpcStatus((stub.get()->*rpc)(&context, request, &response)));
    return response;
  }

  static v1::RecordCallRequest Request() {
    v1::RecordCallRequest request;
    request.set_request_id("01890a5d-ac96-774b-bcce-b302099a8057");
    request.set_circumstances("held in a household since October, never paid");
    request.add_wishes(v1::CALLER_WISH_SERVICES);
    return request;
  }

  static constexpr char kDol[] = "spiffe://waystation.example/agency/dol";
  static constexpr char kLine[] = "line-1";
  static constexpr char kEta[] = "eta-1";
  agency::TestWorld world_;
  rpc::TestTls tls_{world_.clock().Now()};
  std::unique_ptr<agency::Service> service_;
  std::unique_ptr<agency::Agency> agency_;
  std::unique_ptr<agency::Officers> officers_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(DolServiceTest, KeepsOneCallForOneRequestId) {
  auto first = Ask(kLine, &Stub::RecordCall, Request());
  ASSERT_TRUE(first.ok()) << first.status();
  auto again = Ask(kLine, &Stub::RecordCall, Request());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->call().call_id(), first->call().call_id());
  v1::GetCallRequest get;
  get.set_call_id(first->call().call_id());
  auto read = Ask(kLine, &Stub::GetCall, get);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->call().person(), first->call().person());
  auto listed = Ask(kLine, &Stub::ListCalls, v1::ListCallsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->calls_size(), 1);
}

TEST_F(DolServiceTest, RefusesAFieldThatCouldHoldAName) {
  v1::RecordCallRequest request = Request();
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(99, "somebody");
  EXPECT_EQ(ReasonOf(Ask(kLine, &Stub::RecordCall, request).status()), "NAME_NOT_ALLOWED");
}

TEST_F(DolServiceTest, ServesCaseworkToBothUnitsAndCallsToTheLineAlone) {
  const casework::v1::ListInboxRequest inbox;
  for (const char* staff : {kLine, kEta}) {
    auto listed = Ask<CaseworkService>(staff, &CaseworkService::Stub::ListInbox, inbox);
    EXPECT_TRUE(listed.ok()) << listed.status();
  }
  EXPECT_EQ(ReasonOf(Ask(kEta, &Stub::ListCalls, v1::ListCallsRequest()).status()), "UNIT_NOT_OWN");
}

}  // namespace
}  // namespace waystation::dol
