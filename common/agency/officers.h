#ifndef WAYSTATION_COMMON_AGENCY_OFFICERS_H_
#define WAYSTATION_COMMON_AGENCY_OFFICERS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/agency.h"
#include "common/agency/worker_pool.h"
#include "common/rpc/trust_source.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "waystation/types/v1/official.pb.h"

namespace waystation::agency {

// The officer who calls, from the certificate and the staff register.
using Officer = types::v1::ActingOfficial;

// The officers' API of one agency: who calls, once per request, off gRPC's
// threads. A service's methods are one line each:
//
//   grpc::ServerUnaryReactor* TakeUpPetition(grpc::CallbackServerContext* context,
//                                            const TakeUpPetitionRequest* request,
//                                            TakeUpPetitionResponse* response) override {
//     return officers_.Write(context, request, response,
//                            [this](const Officer& officer, const TakeUpPetitionRequest& r,
//                                   Tx& tx, TakeUpPetitionResponse& out) { ... });
//   }
//
// Refuses before the service sees a call: callers that are not our staff
// (PERMISSION_DENIED, CALLER_NOT_STAFF), fields that this API does not know
// (INVALID_ARGUMENT, `Options::unknown_field_reason`), a request_id that is no
// UUID (INVALID_ARGUMENT, REQUEST_ID_INVALID), and more calls than can wait
// (RESOURCE_EXHAUSTED, OVERLOADED). Does not own the agency.
//
// Thread-safe.
class Officers {
 public:
  struct Options {
    std::string unknown_field_reason = "FIELD_UNKNOWN";
    // Refuses staff of ours whom none of the APIs is for; unset: all may call.
    std::function<absl::Status(const Officer&)> check_officer;
    int threads = 4;
    size_t waiting_max = 256;
  };

  Officers(Agency& agency, std::shared_ptr<rpc::TrustSource> trust, Options options);
  ~Officers();

  // A call that changes nothing: one snapshot.
  //   fn: absl::Status(const Officer&, const Request&, Tx&, Response&)
  template <typename Request, typename Response, typename Fn>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Request* request,
                                 Response* response, Fn fn) {
    return Run(context, *request, [this, request, response, fn](const Officer& officer) {
      return agency_.Read([&](Tx& tx) { return fn(officer, *request, tx, *response); });
    });
  }

  // A call that changes something, once for each request_id. A retry is
  // answered with the stored response, also one that saw a later state
  // (expected_version, proposal_id); the same id with another content or method
  // is ALREADY_EXISTS (REQUEST_ID_REUSED).
  //   fn: absl::Status(const Officer&, const Request&, Tx&, Response&)
  template <typename Request, typename Response, typename Fn>
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response, Fn fn) {
    return WriteAfter(
        context, request, response, [](const Officer&, const Request&) { return absl::OkStatus(); },
        fn);
  }

  // The same after `prepare`, which may wait for the bus (RefreshReferral). It
  // runs outside of the transaction, and not for a retry.
  //   prepare: absl::Status(const Officer&, const Request&)
  template <typename Request, typename Response, typename Prepare, typename Fn>
  grpc::ServerUnaryReactor* WriteAfter(grpc::CallbackServerContext* context, const Request* request,
                                       Response* response, Prepare prepare, Fn fn) {
    return Run(context, *request, [this, request, response, prepare, fn](const Officer& officer) {
      Once once{officer.staff_id(), request->request_id(), request, response};
      return RunOnce(
          once, [&] { return prepare(officer, *request); },
          [&](Tx& tx) { return fn(officer, *request, tx, *response); });
    });
  }

  // A read that may wait for the bus first. Not in a transaction.
  //   fn: absl::Status(const Officer&, const Request&, Response&)
  template <typename Request, typename Response, typename Fn>
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context, const Request* request,
                                 Response* response, Fn fn) {
    return Run(context, *request, [request, response, fn](const Officer& officer) {
      return fn(officer, *request, *response);
    });
  }

  // Who calls. Errors: UNAUTHENTICATED (of `rpc::CallerOf`); PERMISSION_DENIED
  // (CALLER_NOT_STAFF) not staff of this agency, or not in its register.
  absl::StatusOr<Officer> OfficerOf(const grpc::AuthContext& context) const;

  // The same without gRPC. `spiffe_id` comes from a verified certificate.
  absl::StatusOr<Officer> OfficerFor(std::string_view spiffe_id) const;

  // One change of one officer, by request_id.
  struct Once {
    std::string staff_id;
    std::string request_id;
    const google::protobuf::Message* request;
    google::protobuf::Message* response;
  };
  // Runs `body` in a transaction and stores the response with its effect; or
  // returns the response that is stored. Errors are not stored.
  absl::Status RunOnce(const Once& once, const std::function<absl::Status()>& prepare,
                       const std::function<absl::Status(Tx&)>& body);

  // Ends running calls; later ones are UNAVAILABLE. Idempotent.
  void Shutdown();

 private:
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context,
                                const google::protobuf::Message& request,
                                std::function<absl::Status(const Officer&)> work);

  Agency& agency_;
  const std::shared_ptr<rpc::TrustSource> trust_;
  const Options options_;
  WorkerPool pool_;
};

// Whether `message` or one below it has a field that this program does not know.
bool HasUnknownFields(const google::protobuf::Message& message);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_OFFICERS_H_
