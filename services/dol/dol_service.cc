#include "services/dol/dol_service.h"

#include <string>
#include <vector>

#include "common/agency/inbox.h"
#include "common/casework/casework_service.h"
#include "common/status/status.h"
#include "services/dol/call_table.h"
#include "services/dol/calls.h"
#include "services/dol/referring.h"
#include "waystation/dol/v1/dol_service.grpc.pb.h"

namespace waystation::dol {
namespace {

using agency::Agency;
using agency::Officer;
using agency::Officers;
using agency::Tx;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A reader waits this long for the bus to say whether the target has received.
constexpr absl::Duration kFreshness = absl::Milliseconds(500);

// The rpcs, one line each: calls.h and referring.h have what they do.
class Api : public v1::DolService::CallbackService {
 public:
  Api(const casework::Procedures& procedures, const RandomSource& random, Agency& agency,
      Officers& officers)
      : procedures_(procedures), random_(random), agency_(agency), officers_(officers) {}

  ServerUnaryReactor* RecordCall(CallbackServerContext* context, const v1::RecordCallRequest* q,
                                 v1::RecordCallResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return dol::RecordCall(o, r, random_, tx, out);
                           });
  }

  ServerUnaryReactor* SetSafeContact(CallbackServerContext* context,
                                     const v1::SetSafeContactRequest* q,
                                     v1::SetSafeContactResponse* a) override {
    return officers_.Write(context, q, a, dol::SetSafeContact);
  }

  ServerUnaryReactor* RecordCallBack(CallbackServerContext* context,
                                     const v1::RecordCallBackRequest* q,
                                     v1::RecordCallBackResponse* a) override {
    return officers_.Write(context, q, a, dol::RecordCallBack);
  }

  ServerUnaryReactor* LinkCalls(CallbackServerContext* context, const v1::LinkCallsRequest* q,
                                v1::LinkCallsResponse* a) override {
    return officers_.Write(context, q, a, dol::LinkCalls);
  }

  ServerUnaryReactor* ReferCall(CallbackServerContext* context, const v1::ReferCallRequest* q,
                                v1::ReferCallResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return dol::ReferCall(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* ReferChild(CallbackServerContext* context, const v1::ReferChildRequest* q,
                                 v1::ReferChildResponse* a) override {
    return officers_.Write(context, q, a,
                           [this](const Officer& o, const auto& r, Tx& tx, auto& out) {
                             return dol::ReferChild(procedures_, o, r, tx, out);
                           });
  }

  ServerUnaryReactor* CloseCall(CallbackServerContext* context, const v1::CloseCallRequest* q,
                                v1::CloseCallResponse* a) override {
    return officers_.Write(context, q, a, dol::CloseCall);
  }

  ServerUnaryReactor* GetCall(CallbackServerContext* context, const v1::GetCallRequest* q,
                              v1::GetCallResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      return Read(o, r, out);
    });
  }

  ServerUnaryReactor* ListCalls(CallbackServerContext* context, const v1::ListCallsRequest* q,
                                v1::ListCallsResponse* a) override {
    return officers_.Call(context, q, a, [this](const Officer& o, const auto& r, auto& out) {
      agency_.RefreshWaiting(kFreshness);
      return agency_.Read([&](Tx& tx) { return dol::ListCalls(o, r, tx, out); });
    });
  }

 private:
  // What the reader is shown counts as read, so that the call tells the move
  // after it.
  absl::Status Read(const Officer& officer, const v1::GetCallRequest& request,
                    v1::GetCallResponse& response) {
    agency_.RefreshWaiting(kFreshness);
    std::vector<std::string> unread;
    WS_RETURN_IF_ERROR(agency_.Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(unread, UnreadEnds(officer, request.call_id(), tx));
      return absl::OkStatus();
    }));
    for (const std::string& id : unread) {
      WS_RETURN_IF_ERROR(agency_.Write([&](Tx& tx) { return agency::MarkOutcomeRead(id, tx); }));
    }
    return agency_.Read([&](Tx& tx) { return dol::GetCall(officer, request, tx, response); });
  }

  const casework::Procedures& procedures_;
  const RandomSource& random_;
  Agency& agency_;
  Officers& officers_;
};

class DolAgency : public casework::CaseworkAgency {
 public:
  DolAgency() : CaseworkAgency(MakeProcedures()) {}

 protected:
  std::vector<agency::Schema> own_schemas() const override { return {CallTable::schema()}; }

  std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(Agency& agency,
                                                          Officers& officers) override {
    std::vector<std::unique_ptr<grpc::Service>> apis;
    apis.push_back(std::make_unique<Api>(procedures(), random(), agency, officers));
    return apis;
  }
};

}  // namespace

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return std::make_unique<DolAgency>();
}

}  // namespace waystation::dol
