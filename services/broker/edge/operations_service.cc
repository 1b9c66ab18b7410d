#include "services/broker/edge/operations_service.h"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "services/broker/edge/history.h"
#include "services/broker/edge/reply.h"
#include "services/broker/edge/tail_stream.h"

namespace waystation::broker {
namespace {

constexpr uint32_t kRefusalsDefault = 100;
constexpr uint32_t kRefusalsMax = 1000;

absl::Status Stopping() { return absl::UnavailableError("broker: stopping"); }

// Looks at the sequencer's state and waits until what it saw is durable:
// callers are few operators.
absl::Status Look(Sequencer& sequencer, std::function<absl::Status(const State&)> look) {
  auto seen = std::make_shared<absl::Status>();
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> answer = promise->get_future();
  bool posted = sequencer.Post(
      Inspect{.look = [seen, look = std::move(look)](const State& state) { *seen = look(state); },
              .done = [seen, promise] { promise->set_value(*seen); }});
  return posted ? answer.get() : Stopping();
}

void FillQueue(const std::string& identity, const DeliveryQueue& queue,
               operations::v1::QueueStatus* out) {
  out->set_identity(identity);
  out->set_waiting(queue.waiting());
  out->set_leased(queue.leased());
  out->set_dead(queue.dead());
  if (queue.size() > 0) SetTime(queue.OldestAcceptUs(), out->mutable_oldest_accept_time());
}

absl::Status UnknownQueue(const std::string& queue) {
  return Refusal(
      absl::StatusCode::kNotFound, "UNKNOWN_QUEUE",
      Problem("queue", "not in the directory", Quoted(queue), "an identity of the directory"));
}

absl::Status FillDeadLetters(const State& state, const std::string& name,
                             operations::v1::ListDeadLettersResponse* out) {
  const DeliveryQueue* queue = state.FindQueue(name);
  if (queue == nullptr) return UnknownQueue(name);
  for (const auto& [sequence, message] : queue->messages()) {
    if (message->stage != Stage::kDead) continue;
    operations::v1::DeadLetter* letter = out->add_dead_letters();
    letter->set_message_id(FormatUuid(message->id));
    letter->set_queue(name);
    letter->set_attempts(message->attempt);
    letter->set_reason(message->last_reason);
    SetTime(message->accept_us, letter->mutable_accept_time());
  }
  return absl::OkStatus();
}

class RefusedTail : public grpc::ServerWriteReactor<operations::v1::TailRecordsResponse> {
 public:
  explicit RefusedTail(const absl::Status& status) { Finish(rpc::ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* OperationsService::GetStatus(
    grpc::CallbackServerContext* call, const operations::v1::GetStatusRequest*,
    operations::v1::GetStatusResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_RETURN_IF_ERROR(context_.Authenticate(*call, bus::v1::ACTION_OPERATE).status());
    response->set_bus_id(context_.bus_id);
    response->set_broker(context_.broker_identity);
    response->set_last_sequence(context_.sequencer->last_sequence());
    response->set_epoch(context_.sequencer->epoch());
    response->set_durability("fdatasync");
    SetTime(absl::ToUnixMicros(context_.start_time), response->mutable_start_time());
    crypto::TrustStore trust = context_.trust->Current();
    response->set_crl_number(trust.crl_number());
    SetTime(absl::ToUnixMicros(trust.next_crl_update()), response->mutable_crl_next_update());
    response->set_policy_version(context_.rules.policy->version());
    response->set_clock_halted(context_.sequencer->clock_halted());
    return Look(*context_.sequencer, [response](const State& state) {
      for (const auto& [identity, queue] : state.queues()) {
        FillQueue(identity, queue, response->add_queues());
      }
      return absl::OkStatus();
    });
  });
}

grpc::ServerUnaryReactor* OperationsService::ListRefusals(
    grpc::CallbackServerContext* call, const operations::v1::ListRefusalsRequest* request,
    operations::v1::ListRefusalsResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_RETURN_IF_ERROR(context_.Authenticate(*call, bus::v1::ACTION_OPERATE).status());
    uint32_t limit = request->limit() == 0 ? kRefusalsDefault : request->limit();
    limit = std::min(limit, kRefusalsMax);
    for (uint64_t sequence : context_.projection->RefusalRecords(limit)) {
      WS_ASSIGN_OR_RETURN(journal::v1::Record record, context_.reader->RecordAt(sequence));
      operations::v1::RefusalEntry* entry = response->add_refusals();
      entry->set_sequence(sequence);
      SetTime(record.time_us(), entry->mutable_time());
      *entry->mutable_refused() = std::move(*record.mutable_refused());
    }
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<operations::v1::TailRecordsResponse>* OperationsService::TailRecords(
    grpc::CallbackServerContext* call, const operations::v1::TailRecordsRequest* request) {
  absl::StatusOr<rpc::Caller> caller = context_.Authenticate(*call, bus::v1::ACTION_AUDIT);
  if (!caller.ok()) return new RefusedTail(caller.status());
  uint64_t next = context_.sequencer->last_sequence() + 1;
  if (request->from_sequence() > next) {
    return new RefusedTail(
        Refusal(absl::StatusCode::kOutOfRange, "CURSOR",
                Problem("from_sequence", "beyond the record",
                        absl::StrCat(request->from_sequence()), absl::StrCat("at most ", next))));
  }
  auto tail = std::make_shared<TailStream>(
      *context_.journal, request->from_sequence() == 0 ? next : request->from_sequence(),
      [this](const TailStream* over) { streams_.Remove(over); });
  std::weak_ptr<TailStream> weak = tail;
  streams_.Add(tail.get(), [weak] {
    if (auto open = weak.lock()) open->End();
  });
  tail->Begin();
  return tail.get();
}

grpc::ServerUnaryReactor* OperationsService::ListDeadLetters(
    grpc::CallbackServerContext* call, const operations::v1::ListDeadLettersRequest* request,
    operations::v1::ListDeadLettersResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_RETURN_IF_ERROR(context_.Authenticate(*call, bus::v1::ACTION_OPERATE).status());
    std::string queue = request->queue();
    WS_RETURN_IF_ERROR(Look(*context_.sequencer, [queue, response](const State& state) {
      return FillDeadLetters(state, queue, response);
    }));
    for (operations::v1::DeadLetter& letter : *response->mutable_dead_letters()) {
      auto known = context_.projection->FindMessage(*ParseUuid(letter.message_id()));
      if (!known.has_value()) continue;  // Too fresh for the index; the sender is told next time.
      WS_ASSIGN_OR_RETURN(journal::v1::Record record, context_.reader->RecordAt(known->sequence));
      bus::v1::Header header;
      if (header.ParseFromString(record.accepted().header())) letter.set_source(header.source());
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperationsService::RedriveDeadLetters(
    grpc::CallbackServerContext* call, const operations::v1::RedriveDeadLettersRequest* request,
    operations::v1::RedriveDeadLettersResponse* response) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  auto post = [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_OPERATE));
    Redrive redrive{.queue = request->queue(),
                    .ids = {},
                    .operator_identity = caller.identity,
                    .done = nullptr};
    for (const std::string& text : request->message_ids()) {
      std::optional<MessageId> id = ParseUuid(text);
      if (!id.has_value()) {
        return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE",
                       Problem("message id", "not an id", Quoted(text), "a UUID"));
      }
      redrive.ids.push_back(*id);
    }
    redrive.done = [reactor, response](absl::StatusOr<uint64_t> redriven) {
      if (redriven.ok()) response->set_redriven(*redriven);
      reactor->Finish(rpc::ToGrpcStatus(redriven.status()));
    };
    return context_.sequencer->Post(std::move(redrive)) ? absl::OkStatus() : Stopping();
  };
  absl::Status posted = post();
  if (!posted.ok()) reactor->Finish(rpc::ToGrpcStatus(posted));
  return reactor;
}

}  // namespace waystation::broker
