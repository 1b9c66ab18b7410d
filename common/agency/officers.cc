#include "common/agency/officers.h"

#include <memory>
#include <utility>

#include "common/agency/identity_text.h"
#include "common/crypto/sha256.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/rpc/caller.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "google/protobuf/unknown_field_set.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kResponseColumn = "request.response";

// What a request says of the state that its caller saw. It is read anew for a
// retry, and the request itself may have changed it.
constexpr const char* kSeenFields[] = {"expected_version", "proposal_id"};

absl::Status NotStaff(std::string_view problem, std::string_view identity) {
  return Refusal(absl::StatusCode::kPermissionDenied, "CALLER_NOT_STAFF",
                 Problem("caller", problem, Quoted(identity), "an officer of this agency"));
}

// Requests are compared by what they say, not by their bytes: two clients may
// write the same request differently, and maps have no order.
std::string FingerprintOf(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> content(request.New());
  content->CopyFrom(request);
  for (const char* name : kSeenFields) {
    const auto* field = request.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) request.GetReflection()->ClearField(content.get(), field);
  }
  crypto::Sha256Hasher hasher;
  hasher.Update(request.GetTypeName());
  hasher.Update(std::string_view("\0", 1));
  hasher.Update(content->SerializeAsString());
  return std::string(crypto::AsBytes(hasher.Finish()));
}

std::string RowOf(const Officers::Once& once) {
  return absl::StrCat(once.staff_id, "/", once.request_id);
}

// Whether the request was answered before; then the response is filled in.
absl::StatusOr<bool> Replay(Transaction& db, const Officers::Once& once) {
  std::string fingerprint;
  std::string sealed;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT fingerprint, response FROM request WHERE staff_id = ? AND request_id = ?",
               {once.staff_id, once.request_id}, [&](const Row& row) {
                 fingerprint = row.Bytes(0);
                 sealed = row.Bytes(1);
                 return absl::OkStatus();
               }));
  if (fingerprint.empty()) return false;
  if (fingerprint != FingerprintOf(*once.request)) {
    return Refusal(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   Problem("request_id", "used before for another request", Quoted(once.request_id),
                           "a new UUID for a new request"));
  }
  WS_ASSIGN_OR_RETURN(std::string response, db.Open(kResponseColumn, RowOf(once), sealed));
  if (once.response->ParseFromString(response)) return true;
  return absl::DataLossError(Problem("store", "a stored response cannot be read"));
}

absl::Status Remember(Tx& tx, const Officers::Once& once) {
  WS_ASSIGN_OR_RETURN(std::string sealed, tx.db().Seal(kResponseColumn, RowOf(once),
                                                       once.response->SerializeAsString()));
  return tx.db()
      .Exec(
          "INSERT INTO request(staff_id, request_id, fingerprint, response, answered_us) "
          "VALUES(?,?,?,?,?)",
          {once.staff_id, once.request_id, Blob{FingerprintOf(*once.request)}, Blob{sealed},
           absl::ToUnixMicros(tx.now())})
      .status();
}

}  // namespace

Officers::Officers(Agency& agency, std::shared_ptr<rpc::TrustSource> trust, Options options)
    : agency_(agency),
      trust_(std::move(trust)),
      options_(std::move(options)),
      pool_(options_.threads, options_.waiting_max) {}

Officers::~Officers() { Shutdown(); }

void Officers::Shutdown() { pool_.Stop(); }

absl::StatusOr<Officer> Officers::OfficerFor(std::string_view spiffe_id) const {
  const Identity& identity = agency_.identity();
  std::string staff_id = StaffOf(spiffe_id, identity.spiffe_id);
  if (staff_id.empty()) return NotStaff("not staff of this agency", spiffe_id);
  auto found = identity.staff.find(staff_id);
  if (found == identity.staff.end()) return NotStaff("not in the staff register", spiffe_id);
  return found->second;
}

absl::StatusOr<Officer> Officers::OfficerOf(const grpc::AuthContext& context) const {
  WS_ASSIGN_OR_RETURN(rpc::Caller caller,
                      rpc::CallerOf(context, trust_->Current(), agency_.clock().Now()));
  return OfficerFor(caller.identity);
}

absl::Status Officers::RunOnce(const Once& once, const std::function<absl::Status()>& prepare,
                               const std::function<absl::Status(Tx&)>& body) {
  if (!ParseUuid(once.request_id).has_value()) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "REQUEST_ID_INVALID",
        Problem("request_id", "not a UUID", Quoted(once.request_id), "36 lower-case characters"));
  }
  bool answered = false;
  auto replay = [&](Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(answered, Replay(tx.db(), once));
    return absl::OkStatus();
  };
  WS_RETURN_IF_ERROR(agency_.Read(replay));
  if (answered) return absl::OkStatus();
  WS_RETURN_IF_ERROR(prepare());
  return agency_.Write([&](Tx& tx) -> absl::Status {
    // Once more: the same request may have been answered meanwhile.
    WS_RETURN_IF_ERROR(replay(tx));
    if (answered) return absl::OkStatus();
    WS_RETURN_IF_ERROR(body(tx));
    return Remember(tx, once);
  });
}

grpc::ServerUnaryReactor* Officers::Run(grpc::CallbackServerContext* context,
                                        const google::protobuf::Message& request,
                                        std::function<absl::Status(const Officer&)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto task = [this, context, reactor, &request, work = std::move(work)] {
    absl::StatusOr<Officer> officer = OfficerOf(*context->auth_context());
    absl::Status done = officer.status();
    if (done.ok() && options_.check_officer) done = options_.check_officer(*officer);
    if (done.ok() && HasUnknownFields(request)) {
      done = Refusal(absl::StatusCode::kInvalidArgument, options_.unknown_field_reason,
                     Problem("request", "a field that this API does not know"));
    }
    if (done.ok()) done = work(*officer);
    reactor->Finish(rpc::ToGrpcStatus(done));
  };
  if (!pool_.Submit(std::move(task))) {
    reactor->Finish(rpc::ToGrpcStatus(Refusal(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                                              "officers: too many requests wait, try again")));
  }
  return reactor;
}

bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const google::protobuf::Message& inner =
          field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                               : reflection.GetMessage(message, field);
      if (HasUnknownFields(inner)) return true;
    }
  }
  return false;
}

}  // namespace waystation::agency
