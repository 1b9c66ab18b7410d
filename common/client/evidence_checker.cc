#include "common/client/evidence_checker.h"

#include <algorithm>
#include <utility>

#include "common/evidence/content_types.h"
#include "common/evidence/directory.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/status/status.h"

namespace waystation::client {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// What a newer directory may cure.
bool MayBeNew(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "CERTIFICATE_UNKNOWN" || reason == "UNKNOWN_TYPE";
}

// A directory that cannot be had says nothing against the message.
absl::Status NoDirectory(const absl::Status& why) {
  return absl::UnavailableError(
      Problem("directory", "cannot be fetched", std::string(why.message())));
}

absl::StatusOr<evidence::MessageForm> FormOf(const evidence::DirectoryView& view,
                                             const std::string& type) {
  auto form = view.FormOf(type);
  if (form.has_value()) return *form;
  return Refusal(absl::StatusCode::kInvalidArgument, "UNKNOWN_TYPE",
                 Problem("header.type", "not in the directory", Quoted(type)));
}

}  // namespace

EvidenceChecker::EvidenceChecker(DirectoryCache& directory, rpc::TrustSource& trust)
    : directory_(directory), trust_(trust) {}

absl::StatusOr<bus::v1::CustodyReceipt> EvidenceChecker::CheckCustody(
    const bus::v1::SignedReceipt& receipt, std::string_view broker, std::string_view message_id,
    const crypto::Digest& envelope_hash) {
  bus::v1::CustodyReceipt content;
  const Check check = [&](const evidence::DirectoryView& view) -> absl::Status {
    WS_ASSIGN_OR_RETURN(content,
                        evidence::VerifyCustodyReceipt(evidence::Verifier(view), receipt, broker,
                                                       message_id, envelope_hash, &batches_));
    return CheckTrust(view, broker, receipt.signature().certificate_sha256(),
                      TimeOf(content.accept_time()));
  };
  WS_RETURN_IF_ERROR(WithNewestDirectory(check));
  return content;
}

absl::StatusOr<VerifiedDelivery> EvidenceChecker::CheckDelivery(bus::v1::Delivery* delivery,
                                                                std::string_view recipient) {
  bus::v1::SignedMessage& message = *delivery->mutable_message();
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(message.header()));
  WS_RETURN_IF_ERROR(evidence::CheckPayload(header, message.payload()));
  const auto& recipients = header.recipients();
  if (std::find(recipients.begin(), recipients.end(), recipient) == recipients.end()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "RECIPIENTS_INVALID",
                   Problem("delivery", "not addressed to this queue"));
  }
  const absl::Time accept_time = TimeOf(delivery->accept_time());
  const Check check = [&](const evidence::DirectoryView& view) -> absl::Status {
    WS_ASSIGN_OR_RETURN(evidence::MessageForm form, FormOf(view, header.type()));
    WS_RETURN_IF_ERROR(evidence::CheckHeader(header, form));
    WS_RETURN_IF_ERROR(evidence::Verifier(view).Verify(evidence::kHeaderContent, message.header(),
                                                       message.signature(), header.source(),
                                                       &batches_));
    return CheckTrust(view, header.source(), message.signature().certificate_sha256(), accept_time);
  };
  WS_RETURN_IF_ERROR(WithNewestDirectory(check));
  VerifiedDelivery out;
  out.envelope_hash = evidence::EnvelopeHash(message.header());
  // Openings tell which other referral this one belongs to. A recipient must
  // not learn it, even from a broker that forgot to leave them out.
  message.clear_parent();
  message.clear_replaces();
  out.message = std::move(message);
  out.header = std::move(header);
  out.attempt = delivery->attempt();
  out.accept_time = accept_time;
  return out;
}

absl::Status EvidenceChecker::WithNewestDirectory(const Check& check) {
  auto view = directory_.Get();
  if (!view.ok()) return NoDirectory(view.status());
  absl::Status status = check(**view);
  if (status.ok() || !MayBeNew(status)) return status;
  auto newer = directory_.Refresh((*view)->version());
  if (!newer.ok()) return NoDirectory(newer.status());
  if ((*newer)->version() == (*view)->version()) return status;
  return check(**newer);
}

absl::Status EvidenceChecker::CheckTrust(const evidence::DirectoryView& view,
                                         std::string_view signer,
                                         std::string_view certificate_sha256, absl::Time at) {
  if (const uint64_t generation = trust_.generation(); generation != trusted_generation_) {
    trusted_.emplace(trust_.Current());
    trusted_generation_ = generation;
  }
  // The verifier has found it a moment ago in the same view.
  const crypto::Certificate* certificate =
      view.FindSigning(signer, *crypto::DigestFrom(certificate_sha256));
  return trusted_->Check(*certificate, at);
}

}  // namespace waystation::client
