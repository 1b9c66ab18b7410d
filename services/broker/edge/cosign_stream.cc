#include "services/broker/edge/cosign_stream.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

using audit::v1::CosignRequest;

constexpr size_t kAnswerBytesMax = 4096;
constexpr absl::Duration kRecheckInterval = absl::Seconds(1);

absl::Status Protocol(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "COSIGN_PROTOCOL",
                 Problem("cosign", problem, got, want));
}

}  // namespace

bool CosignStream::OnRequest(CosignRequest request) {
  absl::Status handled = Handle(request);
  if (handled.ok()) return true;
  Refuse(handled);
  return false;
}

void CosignStream::Refuse(const absl::Status& status) {
  context_.refusals->Add(identity_, "call", status);
  End(status);
}

void CosignStream::OnEnded() {
  streams_.Remove(this);
  if (session_ != nullptr) cosignatures_.Close(session_);
}

absl::Status CosignStream::Recheck() {
  const absl::Duration now = context_.clock->Monotonic();
  if (now - checked_ <= kRecheckInterval) return absl::OkStatus();
  checked_ = now;
  return context_.Authenticate(*call_, bus::v1::ACTION_COSIGN).status();
}

absl::Status CosignStream::Handle(const CosignRequest& request) {
  WS_RETURN_IF_ERROR(Recheck());
  if (request.has_open() != (session_ == nullptr)) {
    return Protocol(request.has_open() ? "opened twice" : "not opened",
                    request.has_open() ? "another `open`" : "no `open`",
                    "`open` in the first request and in no other");
  }
  if (request.has_open()) return Open(request.open());
  if (!request.has_answer()) return Protocol("empty request", "nothing", "`open` or `answer`");
  if (request.answer().body().size() > kAnswerBytesMax) {
    return Protocol("answer too long", absl::StrCat(request.answer().body().size(), " bytes"),
                    absl::StrCat("at most ", kAnswerBytesMax));
  }
  return cosignatures_.Answer(*session_, request.answer().code(), request.answer().body());
}

absl::Status CosignStream::Open(const audit::v1::CosignOpen& open) {
  // The session must not keep the stream: the stream closes the session.
  std::weak_ptr<Stream<CosignRequest>> weak = weak_from_this();
  WS_ASSIGN_OR_RETURN(
      session_, cosignatures_.Open(open.verifier_key(), open.size(), [weak](std::string body) {
        auto stream = weak.lock();
        if (stream == nullptr) return;
        audit::v1::CosignResponse response;
        response.set_body(std::move(body));
        stream->Send({.bytes = response.SerializeAsString(), .messages = 1});
      }));
  return absl::OkStatus();
}

}  // namespace waystation::broker
