#include "services/broker/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/rpc/refusals.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

constexpr size_t kPolicyAnswersMax = 1024;
// How long a certificate that was found good is believed without asking again:
// the bound on how late a revocation takes hold of an open stream.
constexpr absl::Duration kCertificateBelief = absl::Seconds(1);

// Whether the bytes are one DER ContentInfo of type AuthEnvelopedData (RFC 5083).
// The broker cannot open a payload; this keeps out what a sender forgot to seal.
bool IsAuthEnveloped(std::string_view payload) {
  constexpr std::string_view kType = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";
  if (payload.size() < 2 || payload[0] != 0x30) return false;
  size_t length = static_cast<unsigned char>(payload[1]);
  size_t head = 2;
  if (length > 0x80) {
    size_t bytes = length & 0x7f;  // X.690 8.1.3.5.
    if (bytes > sizeof(uint32_t) || payload.size() < head + bytes) return false;
    length = 0;
    for (; bytes > 0; --bytes) length = length << 8 | static_cast<unsigned char>(payload[head++]);
  }
  return length == payload.size() - head && payload.substr(head).starts_with(kType);
}

absl::Status CheckSealed(const bus::v1::Header& header, std::string_view payload) {
  if (!header.has_referral() || IsAuthEnveloped(payload)) return absl::OkStatus();
  return Refusal(absl::StatusCode::kInvalidArgument, "PAYLOAD_NOT_ENCRYPTED",
                 Problem("payload", "not encrypted", absl::StrCat(payload.size(), " bytes"),
                         "CMS AuthEnvelopedData, DER"));
}

absl::Status TrustRefusal(const crypto::TrustVerdict& verdict) {
  return Refusal(absl::StatusCode::kUnauthenticated, rpc::ReasonFor(verdict.problem),
                 absl::StrCat("signing certificate: ", verdict.text));
}

// The first field that the contract does not have; 0 when there is none.
int UnknownFieldOf(const google::protobuf::Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  return unknown.empty() ? 0 : unknown.field(0).number();
}

// What nobody reads could be of any size, and would be kept and delivered.
absl::Status CheckKnownFields(const bus::v1::SignedMessage& message) {
  const google::protobuf::Message* const parts[] = {&message, &message.signature(),
                                                    &message.signature().batch()};
  for (const google::protobuf::Message* part : parts) {
    const int field = UnknownFieldOf(*part);
    if (field == 0) continue;
    return Refusal(absl::StatusCode::kInvalidArgument, "HEADER_MALFORMED",
                   Problem("message", "a field that is not in the contract",
                           absl::StrCat("field ", field, " of ", part->GetDescriptor()->name()),
                           "only those of message.proto"));
  }
  return absl::OkStatus();
}

}  // namespace

AdmissionSession::AdmissionSession(AdmissionRules rules, std::shared_ptr<rpc::TrustSource> trust,
                                   const Clock& clock, std::string identity)
    : rules_(std::move(rules)),
      trust_(std::move(trust)),
      clock_(clock),
      identity_(std::move(identity)),
      verifier_(*rules_.directory) {}

absl::StatusOr<std::shared_ptr<AdmittedMessage>> AdmissionSession::Admit(
    bus::v1::SignedMessage* taken) {
  const bus::v1::SignedMessage& message = *taken;
  auto admitted = std::make_shared<AdmittedMessage>();
  WS_RETURN_IF_ERROR(CheckKnownFields(message));
  WS_ASSIGN_OR_RETURN(admitted->header, evidence::ParseHeader(message.header()));
  const bus::v1::Header& header = admitted->header;
  if (header.source() != identity_) {
    return Refusal(absl::StatusCode::kPermissionDenied, "SOURCE_MISMATCH",
                   Problem("source", "not the identity of the connection", Quoted(header.source()),
                           Quoted(identity_)));
  }
  WS_RETURN_IF_ERROR(CheckAgainstDirectory(header));
  WS_RETURN_IF_ERROR(CheckPolicy(header));
  WS_RETURN_IF_ERROR(verifier_.Verify(evidence::kHeaderContent, message.header(),
                                      message.signature(), identity_, &cache_));
  WS_RETURN_IF_ERROR(CheckCertificateNow(message.signature().certificate_sha256()));
  WS_RETURN_IF_ERROR(evidence::CheckPayload(header, message.payload()));
  WS_RETURN_IF_ERROR(CheckSealed(header, message.payload()));
  WS_RETURN_IF_ERROR(evidence::CheckLinks(header, message));
  std::optional<MessageId> id = ParseUuid(header.id());
  WS_CHECK(id.has_value());
  admitted->id = *id;
  admitted->envelope_hash = evidence::EnvelopeHash(message.header());
  admitted->parent = ReferralIdFrom(message.parent().referral_id());
  admitted->replaces = ReferralIdFrom(message.replaces().referral_id());
  admitted->signature_bytes = message.signature().SerializeAsString();
  std::optional<crypto::Digest> certificate =
      crypto::DigestFrom(message.signature().certificate_sha256());
  WS_CHECK(certificate.has_value());  // The verifier found it.
  admitted->certificate_sha256 = *certificate;
  admitted->crl_number = crl_number_;
  admitted->header_bytes = std::move(*taken->mutable_header());
  admitted->payload = std::move(*taken->mutable_payload());
  return admitted;
}

absl::Status AdmissionSession::CheckAgainstDirectory(const bus::v1::Header& header) {
  std::optional<evidence::MessageForm> form = rules_.directory->FormOf(header.type());
  if (!form.has_value()) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "UNKNOWN_TYPE",
        Problem("type", "not in the directory", Quoted(header.type()), "a type of the directory"));
  }
  WS_RETURN_IF_ERROR(evidence::CheckHeader(header, *form));
  for (const std::string& recipient : header.recipients()) {
    if (rules_.directory->Find(recipient) != nullptr) continue;
    return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_RECIPIENT",
                   Problem("recipient", "not in the directory", Quoted(recipient),
                           "an identity of the directory"));
  }
  return absl::OkStatus();
}

absl::Status AdmissionSession::CheckPolicy(const bus::v1::Header& header) {
  std::string question = header.type();
  for (const std::string& recipient : header.recipients()) {
    question.push_back('\n');
    question.append(recipient);
  }
  auto answer = policy_answers_.find(question);
  if (answer != policy_answers_.end()) return answer->second;
  std::vector<std::string> recipients(header.recipients().begin(), header.recipients().end());
  absl::Status decided = rules_.policy->AllowPublish(identity_, header.type(), recipients);
  if (policy_answers_.size() < kPolicyAnswersMax) policy_answers_[question] = decided;
  return decided;
}

absl::Status AdmissionSession::CheckCertificateNow(std::string_view certificate_sha256) {
  absl::Duration now = clock_.Monotonic();
  auto believed = good_until_.find(Absl(certificate_sha256));
  if (believed != good_until_.end() && now < believed->second) return absl::OkStatus();
  std::optional<crypto::Digest> digest = crypto::DigestFrom(certificate_sha256);
  const crypto::Certificate* certificate =
      digest.has_value() ? rules_.directory->FindSigning(identity_, *digest) : nullptr;
  WS_CHECK(certificate != nullptr);  // The verifier found it a moment ago.
  crypto::TrustStore trust = trust_->Current();
  crypto::TrustVerdict verdict = trust.Check(*certificate, {}, crypto::KeyUse::kSign, clock_.Now());
  if (!verdict.ok()) return TrustRefusal(verdict);
  crl_number_ = trust.crl_number();
  good_until_[std::string(certificate_sha256)] = now + kCertificateBelief;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ReceiptView>> AdmissionSession::AdmitReceipts(
    const bus::v1::ReceiptBatch& batch) {
  size_t bytes = batch.ByteSizeLong();
  size_t count = static_cast<size_t>(batch.receipts_size());
  if (count == 0 || count > kBatchLeavesMax || bytes > kReceiptBatchBytesMax) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
        Problem("receipt batch", "wrong size",
                absl::StrCat(count, " receipts in ", bytes, " bytes"),
                absl::StrCat("1 to ", kBatchLeavesMax, " in at most ", kReceiptBatchBytesMax)));
  }
  WS_RETURN_IF_ERROR(verifier_.VerifyReceiptBatch(batch, identity_));
  WS_RETURN_IF_ERROR(CheckCertificateNow(batch.certificate_sha256()));
  std::vector<ReceiptView> views;
  views.reserve(static_cast<size_t>(batch.receipts_size()));
  for (const std::string& receipt_bytes : batch.receipts()) {
    WS_ASSIGN_OR_RETURN(bus::v1::DeliveryReceipt receipt,
                        evidence::ParseDeliveryReceipt(receipt_bytes));
    if (receipt.recipient() != identity_) {
      return Refusal(absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
                     Problem("delivery receipt", "recipient is not the caller",
                             Quoted(receipt.recipient()), Quoted(identity_)));
    }
    std::optional<MessageId> id = ParseUuid(receipt.message_id());
    std::optional<crypto::Digest> hash = crypto::DigestFrom(receipt.envelope_hash());
    if (!id.has_value() || !hash.has_value()) {
      return Refusal(absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
                     Problem("delivery receipt", "message_id or envelope_hash is malformed",
                             absl::StrCat(Quoted(receipt.message_id()), " and ",
                                          receipt.envelope_hash().size(), " bytes"),
                             "a UUIDv7 and 32 bytes"));
    }
    views.push_back({.id = *id, .envelope_hash = *hash, .attempt = receipt.attempt()});
  }
  return views;
}

}  // namespace waystation::broker
