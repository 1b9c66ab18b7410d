#include "tools/waystation/evidence_source.h"

#include <thread>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

using audit::v1::LogService;
using bus::v1::DirectoryService;
using bus::v1::LedgerService;

constexpr absl::Duration kBetweenAsks = absl::Milliseconds(200);

}  // namespace

absl::StatusOr<std::string> LogPolicyPath(const Profile& profile) {
  if (!profile.data().audit_log_policy_path().empty()) {
    return profile.data().audit_log_policy_path();
  }
  return absl::FailedPreconditionError(Problem("profile " + profile.path(), "no log policy", "none",
                                               "audit_log_policy_path, or --policy FILE"));
}

EvidenceSource::EvidenceSource(const Session& session, const Profile& profile, Remote remote,
                               tlog::Policy policy)
    : clock_(&session.clock),
      remote_(std::move(remote)),
      policy_(std::move(policy)),
      ledger_(LedgerService::NewStub(remote_.channel)),
      directory_(DirectoryService::NewStub(remote_.channel)),
      log_(LogService::NewStub(remote_.channel)) {
  begun_.broker = profile.data().broker().identity();
}

absl::StatusOr<EvidenceSource> EvidenceSource::Open(const Session& session,
                                                    const Profile& profile) {
  WS_ASSIGN_OR_RETURN(Remote remote, ConnectAsAuditor(session, profile));
  WS_ASSIGN_OR_RETURN(std::string policy_path, LogPolicyPath(profile));
  WS_ASSIGN_OR_RETURN(std::string policy_text, ReadWholeFile(policy_path));
  WS_ASSIGN_OR_RETURN(tlog::Policy policy, tlog::Policy::Parse(policy_text));
  EvidenceSource source(session, profile, std::move(remote), std::move(policy));
  source.begun_.log_policy = std::move(policy_text);
  WS_ASSIGN_OR_RETURN(source.begun_.roots_pem, ReadWholeFile(profile.data().roots_path()));
  WS_ASSIGN_OR_RETURN(source.begun_.crl_pem, ReadWholeFile(profile.data().crl_path()));
  return source;
}

absl::StatusOr<EvidenceSources> EvidenceSource::Ask(const std::string& referral_id,
                                                    absl::Duration patience) {
  EvidenceSources sources = begun_;
  sources.referral_id = referral_id;
  bus::v1::GetReferralHistoryRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(sources.history,
                      Call(remote_, *ledger_, &LedgerService::Stub::GetReferralHistory, request));
  WS_ASSIGN_OR_RETURN(sources.directory,
                      Call(remote_, *directory_, &DirectoryService::Stub::GetDirectory,
                           bus::v1::GetDirectoryRequest()));
  const absl::Duration deadline = clock_->Monotonic() + patience;
  while (true) {
    const absl::Status whole = AskForProofs(&sources);
    if (whole.ok()) return sources;
    if (!absl::IsDeadlineExceeded(whole)) return whole;
    if (clock_->Monotonic() >= deadline) return whole;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kBetweenAsks));
  }
}

// DEADLINE_EXCEEDED for what a later ask may mend.
absl::Status EvidenceSource::AskForProofs(EvidenceSources* sources) {
  audit::v1::GetReferralProofsRequest request;
  request.set_referral_id(sources->referral_id);
  auto proofs = Call(remote_, *log_, &LogService::Stub::GetReferralProofs, request);
  if (ReasonOf(proofs.status()) == "NO_CHECKPOINT") {
    return absl::DeadlineExceededError(std::string(proofs.status().message()));
  }
  WS_RETURN_IF_ERROR(proofs.status());
  sources->proofs = *std::move(proofs);
  auto opened = policy_.OpenCosigned(sources->proofs.checkpoint());
  if (ReasonOf(opened.status()) == "NO_QUORUM") {
    return absl::DeadlineExceededError(std::string(opened.status().message()));
  }
  if (!opened.ok()) return Unverified(std::string(opened.status().message()));
  const std::vector<std::string> missing = WithoutProof(*sources);
  if (missing.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      Problem(absl::StrJoin(missing, ", "), "no proof yet",
              absl::StrCat("a checkpoint of ", opened->checkpoint.size, " leaves"),
              "one that a quorum has cosigned since"));
}

}  // namespace waystation::cli
