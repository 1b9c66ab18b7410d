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

// Certificates come from the broker's directory; whom to believe is judged by
// the roots and lists of the profile alone.
absl::StatusOr<HistoryVerifier> HistorySource::MakeVerifier() {
  WS_ASSIGN_OR_RETURN(auto response, Directory());
  WS_ASSIGN_OR_RETURN(auto view, evidence::DirectoryView::Create(response.directory()));
  rpc::TrustSource::Options options;
  options.roots_path = profile_.roots_path();
  options.crl_path = profile_.crl_path();
  WS_ASSIGN_OR_RETURN(auto trust, rpc::TrustSource::Create(options, *clock_));
  return HistoryVerifier(std::move(view), trust->Current(),
                         {profile_.broker().identity(), response.bus_id()});
}

absl::StatusOr<VerifiedHistory> HistorySource::History(const std::string& referral_id) {
  bus::v1::GetReferralHistoryRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(
      auto history,
      Call(remote_, *ledger_, &bus::v1::LedgerService::Stub::GetReferralHistory, request));
  WS_ASSIGN_OR_RETURN(HistoryVerifier verifier, MakeVerifier());
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
