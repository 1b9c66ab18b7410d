#include "common/rpc/status_grpc.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "google/rpc/error_details.pb.h"

namespace waystation::rpc {
namespace {

constexpr char kMetadataUrl[] = "waystation/metadata/";
constexpr int kDetailsMax = 8;
constexpr size_t kReasonBytesMax = 63;
constexpr size_t kMetadataMax = 16;
constexpr size_t kMetadataBytesMax = 256;

// Proto strings must be UTF-8 and gRPC's travel in HTTP headers; our texts are
// ASCII, so anything else came from outside and is not worth keeping.
std::string Printable(std::string_view text, size_t bytes_max) {
  std::string out(text.substr(0, bytes_max));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

bool IsReason(std::string_view text) {
  return !text.empty() && text.size() <= kReasonBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string NewRequestId() {
  unsigned char bytes[8];
  SystemRandom(bytes, sizeof(bytes));
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

// What may leave the process: the status itself, or a generic one in its place.
absl::Status Outward(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kInternal && status.code() != absl::StatusCode::kUnknown) {
    return status;
  }
  const std::string request_id = NewRequestId();
  log::Error("rpc", "internal_error",
             {{"request_id", request_id}, {"text", Std(status.message())}});
  absl::Status out(
      status.code(),
      absl::StrCat("internal error: the server's log has the cause under request ", request_id));
  return WithErrorMetadata(std::move(out), "request_id", request_id);
}

google::rpc::ErrorInfo MakeErrorInfo(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_domain(std::string(kErrorDomain));
  const std::string reason = ReasonOf(status);
  info.set_reason(IsReason(reason) ? reason : absl::StatusCodeToString(status.code()));
  for (auto& [key, value] : ErrorMetadataOf(status)) {
    (*info.mutable_metadata())[Printable(key, kMetadataBytesMax)] =
        Printable(value, kMetadataBytesMax);
  }
  return info;
}

absl::StatusCode CodeOf(int code) {
  const bool known = code >= 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

absl::Status WithInfo(absl::Status status, const google::rpc::ErrorInfo& info) {
  if (info.domain() != kErrorDomain) return status;
  // The name of the code stands in for a reason that the sender did not have.
  if (IsReason(info.reason()) && info.reason() != absl::StatusCodeToString(status.code())) {
    status = Refusal(status.code(), info.reason(), std::string(status.message()));
  }
  size_t count = 0;
  for (const auto& [key, value] : info.metadata()) {
    if (++count > kMetadataMax) break;
    status = WithErrorMetadata(std::move(status), Printable(key, kMetadataBytesMax),
                               Printable(value, kMetadataBytesMax));
  }
  return status;
}

}  // namespace

absl::Status WithErrorMetadata(absl::Status status, std::string_view key, std::string_view value) {
  status.SetPayload(absl::StrCat(kMetadataUrl, Absl(key)), absl::Cord(Absl(value)));
  return status;
}

std::map<std::string, std::string> ErrorMetadataOf(const absl::Status& status) {
  std::map<std::string, std::string> out;
  status.ForEachPayload([&out](absl::string_view url, const absl::Cord& value) {
    if (absl::ConsumePrefix(&url, kMetadataUrl)) out[std::string(url)] = std::string(value);
  });
  return out;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  if (status.ok()) return out;
  const absl::Status outward = Outward(status);
  out.set_code(static_cast<int>(outward.code()));
  out.set_message(Printable(Std(outward.message()), kErrorTextBytesMax));
  out.add_details()->PackFrom(MakeErrorInfo(outward));
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  const absl::StatusCode code = CodeOf(status.code());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  absl::Status out(code, Printable(status.message(), kErrorTextBytesMax));
  for (int i = 0; i < std::min(status.details_size(), kDetailsMax); ++i) {
    google::rpc::ErrorInfo info;
    if (!status.details(i).Is<google::rpc::ErrorInfo>()) continue;
    if (status.details(i).UnpackTo(&info)) out = WithInfo(std::move(out), info);
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status wire = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(wire.code()), wire.message(),
                      wire.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status wire;
  if (!wire.ParseFromString(status.error_details())) wire.Clear();
  // The call's own code and text count; the details only add to them.
  wire.set_code(static_cast<int>(status.error_code()));
  wire.set_message(Printable(status.error_message(), kErrorTextBytesMax));
  return FromRpcStatus(wire);
}

}  // namespace waystation::rpc
