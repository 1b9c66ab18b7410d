#include "tools/waystation/history_source.h"

#include <utility>

#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

std::string ReceiptWords(const v1::VerifiedStep& step) {
  std::string words;
  for (const v1::VerifiedReceipt& receipt : step.receipts()) {
    absl::StrAppend(&words, words.empty() ? "" : ", ", Words(receipt.outcome()), " by ",
                    ShortIdentity(receipt.recipient()));
  }
  return words;
}

Cell EvidenceCell(const v1::VerifiedStep& step) {
  if (step.problems_size() > 0) return {"FAILED " + step.problems(0), Tone::kBad};
  if (step.verified() == 0) return {"on the receipt above", Tone::kQuiet};
  return {absl::StrCat("VERIFIED ", step.verified(), " signatures now"), Tone::kGood};
}

}  // namespace

HistorySource::HistorySource(const Session& session, const Profile& profile, Remote remote)
    : clock_(&session.clock),
      profile_(profile.data()),
      remote_(std::move(remote)),
      ledger_(bus::v1::LedgerService::NewStub(remote_.channel)),
      directory_(bus::v1::DirectoryService::NewStub(remote_.channel)) {}

absl::StatusOr<HistorySource> HistorySource::Open(const Session& session, const Profile& profile) {
  WS_ASSIGN_OR_RETURN(Remote remote, ConnectAsAuditor(session, profile));
  return HistorySource(session, profile, std::move(remote));
}

absl::StatusOr<bus::v1::Referral> HistorySource::Referral(const std::string& referral_id) {
  bus::v1::GetReferralRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response,
                      Call(remote_, *ledger_, &bus::v1::LedgerService::Stub::GetReferral, request));
  return response.referral();
}

absl::StatusOr<bus::v1::GetDirectoryResponse> HistorySource::Directory() {
  return Call(remote_, *directory_, &bus::v1::DirectoryService::Stub::GetDirectory,
              bus::v1::GetDirectoryRequest());
}

absl::StatusOr<HistoryVerifier> VerifierBy(const bus::v1::GetDirectoryResponse& directory,
                                           const v1::Profile& profile, const Clock& clock) {
  WS_ASSIGN_OR_RETURN(auto view, evidence::DirectoryView::Create(directory.directory()));
  rpc::TrustSource::Options options;
  options.roots_path = profile.roots_path();
  options.crl_path = profile.crl_path();
  WS_ASSIGN_OR_RETURN(auto trust, rpc::TrustSource::Create(options, clock));
  return HistoryVerifier(std::move(view), trust->Current(),
                         {profile.broker().identity(), directory.bus_id()});
}

absl::StatusOr<VerifiedHistory> HistorySource::History(const std::string& referral_id) {
  bus::v1::GetReferralHistoryRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(
      auto history,
      Call(remote_, *ledger_, &bus::v1::LedgerService::Stub::GetReferralHistory, request));
  WS_ASSIGN_OR_RETURN(auto directory, Directory());
  WS_ASSIGN_OR_RETURN(HistoryVerifier verifier, VerifierBy(directory, profile_, *clock_));
  return VerifiedHistory{history.referral(), verifier.Verify(history, referral_id)};
}

Table StepTable(const std::vector<v1::VerifiedStep>& steps) {
  Table table{{"WHEN", "WHO", "STEP", "STATE", "SIGNED WITH", "DELIVERY", "EVIDENCE"}, {}};
  for (const v1::VerifiedStep& step : steps) {
    table.rows.push_back({TimeText(step.time()), ShortIdentity(step.actor()),
                          Words(step.transition()), Words(step.state()),
                          step.certificate_sha256().substr(0, 12), ReceiptWords(step),
                          EvidenceCell(step)});
  }
  return table;
}

}  // namespace waystation::cli
