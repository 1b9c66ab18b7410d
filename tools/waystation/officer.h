#ifndef WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_
#define WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/profile.h"
#include "tools/waystation/session.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"
#include "waystation/dol/v1/dol_service.grpc.pb.h"
#include "waystation/dos/v1/dos_service.grpc.pb.h"
#include "waystation/hhs/v1/hhs_service.grpc.pb.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::cli {

// Words for the next command after a call whose outcome is unknown. A call that
// reads has no request_id, and none are needed.
absl::Status WithRetry(absl::Status status, const std::string& request_id);

// One officer at the agency's own service.
//
//   WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", as));
//   auto page = officer.Ins(&ins::v1::InsService::Stub::ListPetitions, request);
//
// Single-threaded: the command.
class Officer {
 public:
  // The officer `as` of `agency`; empty means the first of the profile, and an
  // empty agency the officer's own. Says who acts on the narration side.
  // Errors: of Profile::StaffOf and Connect.
  static absl::StatusOr<Officer> At(const Session& session, std::string_view agency,
                                    const std::string& as);

  // As At, at an agency that has units which petition: DOS when `as` is one of
  // its staff, else DOJ.
  static absl::StatusOr<Officer> AtPetitioner(const Session& session, const std::string& as);

  // As At, but when `as` is empty the first officer of the profile who is of
  // `unit`, e.g. "dol/complaint-line", else the first of its agency.
  static absl::StatusOr<Officer> AtUnit(const Session& session, std::string_view unit,
                                        const std::string& as);

  // The same without narration, from a profile that is read already.
  static absl::StatusOr<Officer> Of(const Session& session, const Profile& profile,
                                    std::string_view agency, const std::string& as);

  // Says on the narration side who acts.
  void Say(const Session& session, const Profile& profile) const;

  const v1::Staff& staff() const { return staff_; }
  const std::string& agency() const { return staff_.agency(); }
  // Whether the agency has petitions of its own, with intakes and findings (DojService).
  bool has_petitions() const { return staff_.agency() == "doj" || staff_.agency() == "dos"; }

  // One call of any of the agency's APIs: `Ask(&DolService::Stub::GetCall, request)`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               const Request& request) {
    Stub stub(remote_.channel);
    return Call(remote_, stub, method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Doj(grpc::Status (doj::v1::DojService::Stub::*method)(
                                   grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    return Ask(method, request);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Ins(grpc::Status (ins::v1::InsService::Stub::*method)(
                                   grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    return Ask(method, request);
  }

 private:
  Officer(v1::Staff staff, Remote remote) : staff_(std::move(staff)), remote_(std::move(remote)) {}

  v1::Staff staff_;
  Remote remote_;
};

// `given`, or a new UUIDv7 when it is empty: the request_id of one change.
std::string RequestId(const Session& session, const std::string& given);

// When a change was typed first: "in 24 h" then means the same in whatever is
// repeated under its request_id. Now, unless that is a version 7 UUID of the last
// day, as RequestId makes them.
absl::Time TypedAt(const Session& session, const std::string& request_id);

// Adds --as to a verb.
void DeclareAs(CLI::App& verb, std::string& as);
// Adds --as and --request-id to a verb that changes something.
void DeclareChange(CLI::App& verb, std::string& as, std::string& request_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_OFFICER_H_
