#include "services/broker/edge/log_service.h"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "common/tlog/checkpoint.h"
#include "services/broker/edge/cosign_stream.h"
#include "services/broker/edge/reply.h"

namespace waystation::broker {
namespace {

using bus::v1::ACTION_AUDIT;
using bus::v1::ACTION_COSIGN;
using bus::v1::ACTION_READ;

absl::Status NoCheckpoint() {
  return Refusal(absl::StatusCode::kNotFound, "NO_CHECKPOINT",
                 Problem("audit log", "nothing was signed yet", "no checkpoint",
                         "the question again a second later"));
}

// The records that prove a referral: its messages, and the receipts for each.
std::set<uint64_t> ProvingRecords(const Projection& projection, const ReferralId& id) {
  std::set<uint64_t> sequences;
  for (uint64_t sequence : projection.ReferralRecords(id)) {
    sequences.insert(sequence);
    for (const ReceiptPlace& place : projection.ReceiptsOf(sequence)) {
      sequences.insert(place.record_sequence);
    }
  }
  return sequences;
}

}  // namespace

absl::StatusOr<rpc::Caller> LogService::AuthenticateForAny(
    const grpc::CallbackServerContext& call, std::initializer_list<bus::v1::Action> actions) const {
  WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(call, std::nullopt));
  for (bus::v1::Action action : actions) {
    if (context_.rules.policy->Allow(caller.identity, action).ok()) return caller;
  }
  return context_.Authenticate(call, *actions.begin());  // Refuses, on the record.
}

grpc::ServerUnaryReactor* LogService::GetCheckpoint(grpc::CallbackServerContext* call,
                                                    const audit::v1::GetCheckpointRequest*,
                                                    audit::v1::GetCheckpointResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_RETURN_IF_ERROR(
        AuthenticateForAny(*call, {ACTION_READ, ACTION_COSIGN, ACTION_AUDIT}).status());
    response->set_checkpoint(log_.cosignatures().Newest());
    response->set_cosigned(log_.cosignatures().Cosigned());
    return response->checkpoint().empty() ? NoCheckpoint() : absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LogService::GetTile(grpc::CallbackServerContext* call,
                                              const audit::v1::GetTileRequest* request,
                                              audit::v1::GetTileResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    absl::StatusOr<tlog::TileId> id = tlog::TileId::FromPath(request->path());
    // Who may read no tile at all learns nothing of paths.
    const bool entries = id.ok() && id->level == tlog::TileId::kEntries;
    if (entries) {
      WS_RETURN_IF_ERROR(context_.Authenticate(*call, ACTION_AUDIT).status());
    } else {
      WS_RETURN_IF_ERROR(AuthenticateForAny(*call, {ACTION_COSIGN, ACTION_AUDIT}).status());
    }
    if (!id.ok()) {
      return Refusal(absl::StatusCode::kInvalidArgument, "TILE_PATH",
                     std::string(id.status().message()));
    }
    WS_ASSIGN_OR_RETURN(*response->mutable_data(),
                        log_.tree().ReadTile(*id, log_.cosignatures().published_size()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LogService::GetReferralProofs(
    grpc::CallbackServerContext* call, const audit::v1::GetReferralProofsRequest* request,
    audit::v1::GetReferralProofsResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, ACTION_READ));
    WS_ASSIGN_OR_RETURN(Referral referral, context_.ReferralFor(caller, request->referral_id()));
    return FillProofs(referral.id, response);
  });
}

absl::Status LogService::FillProofs(const ReferralId& id,
                                    audit::v1::GetReferralProofsResponse* response) const {
  std::string note = log_.cosignatures().Cosigned();
  if (note.empty()) note = log_.cosignatures().Newest();
  if (note.empty()) return NoCheckpoint();
  WS_ASSIGN_OR_RETURN(tlog::Note parsed, tlog::Note::Parse(note));
  WS_ASSIGN_OR_RETURN(tlog::Checkpoint checkpoint, tlog::Checkpoint::FromText(parsed.text));
  response->set_checkpoint(std::move(note));
  for (uint64_t sequence : ProvingRecords(*context_.projection, id)) {
    WS_ASSIGN_OR_RETURN(journal::v1::Record record, context_.reader->RecordAt(sequence));
    if (record.salt().empty() || record.log_index() >= checkpoint.size) continue;
    audit::v1::RecordProof* proof = response->add_proofs();
    proof->set_log_index(record.log_index());
    proof->set_salt(record.salt());
    WS_ASSIGN_OR_RETURN(*proof->mutable_leaf(), log_.tree().LeafAt(record.log_index()));
    WS_ASSIGN_OR_RETURN(*proof->mutable_path(),
                        log_.tree().InclusionProof(record.log_index(), checkpoint.size));
  }
  return absl::OkStatus();
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* LogService::Cosign(
    grpc::CallbackServerContext* call) {
  absl::StatusOr<rpc::Caller> caller = context_.Authenticate(*call, ACTION_COSIGN);
  if (!caller.ok()) return new RefusedStream(caller.status());
  auto stream = std::make_shared<CosignStream>(context_, streams_, call, caller->identity,
                                               log_.cosignatures());
  std::weak_ptr<CosignStream> weak = stream;
  streams_.Add(stream.get(), [weak] {
    if (auto open = weak.lock()) open->End(absl::UnavailableError("broker: stopping"));
  });
  stream->Begin();
  return stream.get();
}

}  // namespace waystation::broker
