#include "tools/waystation/exit_code.h"

#include <cstdlib>
#include <optional>

#include "absl/strings/cord.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/waystation/output.h"

namespace waystation::cli {
namespace {

constexpr char kNextUrl[] = "waystation/next";
constexpr char kUsageReason[] = "USAGE";
constexpr char kUnverifiedReason[] = "VERIFICATION_FAILED";
// A checkpoint that too few have cosigned proves nothing to a reader.
constexpr char kNoQuorumReason[] = "NO_QUORUM";

// Reasons that only the command itself uses say nothing that the text does not.
bool IsOwnReason(const std::string& reason) {
  return reason == kUsageReason || reason == kUnverifiedReason;
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const std::string reason = ReasonOf(status);
  if (reason == kUsageReason) return ExitCode::kUsage;
  if (reason == kUnverifiedReason || reason == kNoQuorumReason) return ExitCode::kUnverified;
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kDenied;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kFailure;
  }
}

absl::Status UsageError(const std::string& text) {
  return Refusal(absl::StatusCode::kInvalidArgument, kUsageReason, text);
}

absl::Status Unverified(const std::string& text) {
  return Refusal(absl::StatusCode::kFailedPrecondition, kUnverifiedReason, text);
}

absl::Status WithNext(absl::Status status, std::string_view command) {
  if (!status.ok() && !status.GetPayload(kNextUrl).has_value()) {
    status.SetPayload(kNextUrl, absl::Cord(Absl(command)));
  }
  return status;
}

std::string NextOf(const absl::Status& status) {
  if (auto payload = status.GetPayload(kNextUrl); payload.has_value()) {
    return std::string(*payload);
  }
  switch (ExitCodeOf(status)) {
    case ExitCode::kUnreachable:
    case ExitCode::kDenied:
      return "waystation doctor";
    case ExitCode::kUsage:
      return "waystation --help";
    default:
      return "";
  }
}

std::string CommandName() {
  // tools/ws sets it, and is how the command is called then.
  const char* from_checkout = std::getenv("WAYSTATION_BIN_DIR");
  return from_checkout == nullptr ? "waystation" : "tools/ws";
}

std::string AsTyped(std::string_view command) {
  constexpr std::string_view kName = "waystation ";
  if (!command.starts_with(kName)) return std::string(command);
  return absl::StrCat(CommandName(), " ", Absl(command.substr(kName.size())));
}

std::string FormatError(const absl::Status& status) {
  std::string out = absl::StrCat("waystation: ", Printable(Std(status.message())), "\n");
  if (const std::string reason = ReasonOf(status); !reason.empty() && !IsOwnReason(reason)) {
    absl::StrAppend(&out, "  reason: ", Printable(reason), "\n");
  }
  if (const std::string next = NextOf(status); !next.empty()) {
    absl::StrAppend(&out, "  next:   ", AsTyped(next), "\n");
  }
  return out;
}

std::string FormatErrorJson(const absl::Status& status) {
  google::protobuf::Struct error;
  auto& fields = *error.mutable_fields();
  fields["error"].set_string_value(absl::StatusCodeToString(status.code()));
  fields["text"].set_string_value(std::string(status.message()));
  fields["exit_code"].set_number_value(static_cast<int>(ExitCodeOf(status)));
  if (const std::string reason = ReasonOf(status); !reason.empty()) {
    fields["reason"].set_string_value(reason);
  }
  if (const std::string next = NextOf(status); !next.empty()) {
    fields["next"].set_string_value(AsTyped(next));
  }
  return absl::StrCat(ToJson(error), "\n");
}

}  // namespace waystation::cli
