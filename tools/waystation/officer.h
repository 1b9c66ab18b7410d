#ifndef WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_
#define WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/profile.h"
#include "tools/waystation/session.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::cli {

// Words for the next command after a call whose outcome is unknown.
absl::Status WithRetry(absl::Status status, const std::string& request_id);

// One officer at the agency's own service.
//
//   WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", as));
//   auto page = officer.Ins(&ins::v1::InsService::Stub::ListInbox, request);
//
// Single-threaded: the command.
class Officer {
 public:
  // The officer `as` of `agency`; empty means the first of the profile, and an
  // empty agency the officer's own. Says who acts on the narration side.
  // Errors: of Profile::StaffOf and Connect.
  static absl::StatusOr<Officer> At(const Session& session, std::string_view agency,
                                    const std::string& as);

  // The same without narration, from a profile that is read already.
  static absl::StatusOr<Officer> Of(const Session& session, const Profile& profile,
                                    std::string_view agency, const std::string& as);

  const v1::Staff& staff() const { return staff_; }
  bool is_doj() const { return staff_.agency() == "doj"; }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Doj(grpc::Status (doj::v1::DojService::Stub::*method)(
                                   grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    return Call(remote_, *doj_, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Ins(grpc::Status (ins::v1::InsService::Stub::*method)(
                                   grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    return Call(remote_, *ins_, method, request);
  }

 private:
  Officer(v1::Staff staff, Remote remote);

  v1::Staff staff_;
  Remote remote_;
  std::unique_ptr<doj::v1::DojService::Stub> doj_;
  std::unique_ptr<ins::v1::InsService::Stub> ins_;
};

// `given`, or a new UUIDv7 when it is empty: the request_id of one change.
std::string RequestId(const Session& session, const std::string& given);

// Adds --as to a verb.
void DeclareAs(CLI::App& verb, std::string& as);
// Adds --as and --request-id to a verb that changes something.
void DeclareChange(CLI::App& verb, std::string& as, std::string& request_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_
