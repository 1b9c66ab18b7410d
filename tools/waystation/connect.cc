#include "tools/waystation/connect.h"

#include <utility>

#include "common/rpc/channel.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

absl::Status MissingCredentials(const Profile& profile, std::string_view who) {
  return absl::FailedPreconditionError(
      Problem("profile " + profile.path(), "no credentials of the " + std::string(who), "none",
              std::string(who) + " { identity, certificate_path, key_path }"));
}

}  // namespace

absl::StatusOr<Remote> Connect(const Session& session, const Profile& profile,
                               const std::string& name, const v1::Endpoint& endpoint,
                               const v1::Credential& credential,
                               std::shared_ptr<rpc::RefusalSink> sink) {
  rpc::TrustSource::Options options;
  options.roots_path = profile.data().roots_path();
  options.crl_path = profile.data().crl_path();
  WS_ASSIGN_OR_RETURN(auto trust, rpc::TrustSource::Create(options, session.clock));
  WS_ASSIGN_OR_RETURN(auto credentials,
                      rpc::MakeChannelCredentials(
                          {credential.certificate_path(), credential.key_path()}, std::move(trust),
                          session.clock, endpoint.identity(), std::move(sink)));
  return Remote{absl::StrCat(name, " at ", endpoint.address()),
                rpc::MakeChannel(endpoint.address(), credentials), session.timeout};
}

absl::StatusOr<Remote> ConnectAsOperator(const Session& session, const Profile& profile) {
  const v1::Profile& data = profile.data();
  if (!data.has_operator_()) return MissingCredentials(profile, "operator");
  return Connect(session, profile, "broker", data.broker(), data.operator_());
}

absl::StatusOr<Remote> ConnectAsAuditor(const Session& session, const Profile& profile) {
  const v1::Profile& data = profile.data();
  if (!data.has_auditor()) return MissingCredentials(profile, "auditor");
  return Connect(session, profile, "broker", data.broker(), data.auditor());
}

absl::StatusOr<Remote> ConnectToAudit(const Session& session, const Profile& profile,
                                      const v1::Credential* credential) {
  const v1::Profile& data = profile.data();
  if (data.audit().address().empty()) {
    return absl::FailedPreconditionError(Problem("profile " + profile.path(),
                                                 "no auditor's service", "none",
                                                 "audit { address, identity }"));
  }
  if (credential == nullptr && !data.has_auditor()) return MissingCredentials(profile, "auditor");
  return Connect(session, profile, "audit", data.audit(),
                 credential == nullptr ? data.auditor() : *credential);
}

absl::Status CallError(const Remote& remote, const grpc::Status& status) {
  const absl::Status error = rpc::FromGrpcStatus(status);
  if (absl::IsDeadlineExceeded(error)) {
    return absl::DeadlineExceededError(Problem(
        remote.name, "no answer", absl::StrCat("none in ", absl::FormatDuration(remote.timeout)),
        "an answer, or a longer --timeout"));
  }
  // A refusal with a reason is the server's own: it was reached.
  if (absl::IsUnavailable(error) && ReasonOf(error).empty())
    return Prefixed(remote.name + ": unreachable", error);
  // The server's own words stand alone: they name the thing already.
  return error;
}

}  // namespace waystation::cli
