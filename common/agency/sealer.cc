#include "common/agency/sealer.h"

#include <utility>

#include "common/agency/content.h"
#include "common/agency/memo.h"
#include "common/agency/time_proto.h"
#include "common/client/sealed.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kCaseType = "waystation.case.v1";

absl::Status UnknownRecipient(std::string_view recipient) {
  return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_RECIPIENT",
                 Problem("recipient", "not in the directory", Quoted(recipient)));
}

// A certificate that is missing or has run out is put right by a person, so the
// same step may do better later, and a message that led to it is not given up.
absl::Status NotNow(const absl::Status& why) {
  if (ReasonOf(why) != "CERTIFICATE_UNKNOWN") return why;
  return Refusal(absl::StatusCode::kUnavailable, "CERTIFICATE_UNKNOWN", std::string(why.message()));
}

CaseContent Complete(const Draft& draft, const std::string& sender) {
  CaseContent content = draft.content;
  content.set_sender(sender);
  content.clear_recipients();
  content.add_recipients(draft.target);
  content.set_referral_id(draft.referral_id);
  content.set_transition(draft.transition);
  return content;
}

}  // namespace

Sealer::Sealer(const Identity& identity, const Clock& clock, RandomSource random)
    : identity_(identity), clock_(clock), random_(std::move(random)), ids_(clock, random_) {}

std::string Sealer::NewReferralId() const {
  std::string id(kReferralIdBytes, '\0');
  random_(id.data(), id.size());
  return id;
}

absl::StatusOr<std::string> Sealer::Seal(std::string_view plaintext,
                                         const std::vector<std::string>& readers,
                                         const evidence::DirectoryView& directory) const {
  for (const std::string& reader : readers) {
    if (directory.Find(reader) == nullptr) return UnknownRecipient(reader);
  }
  absl::StatusOr<std::string> sealed = client::SealPayload(
      plaintext, identity_.spiffe_id, readers, directory, identity_.trust->Current(), clock_.Now());
  if (!sealed.ok()) return NotNow(sealed.status());
  return sealed;
}

void Sealer::Link(const Draft& draft, bus::v1::Header& header,
                  bus::v1::SignedMessage& message) const {
  auto open = [this](const std::string& referral, bus::v1::LinkOpening& opening) {
    std::string salt(kSaltBytes, '\0');
    random_(salt.data(), salt.size());
    opening.set_referral_id(referral);
    opening.set_salt(salt);
    return std::string(crypto::AsBytes(evidence::LinkCommitment(salt, referral)));
  };
  bus::v1::ReferralHeader& referral = *header.mutable_referral();
  if (!draft.parent_referral_id.empty()) {
    referral.set_parent_commitment(open(draft.parent_referral_id, *message.mutable_parent()));
  }
  if (!draft.replaces_referral_id.empty()) {
    referral.set_replaces_commitment(open(draft.replaces_referral_id, *message.mutable_replaces()));
  }
}

bus::v1::Header Sealer::HeaderOf(const Envelope& envelope, std::string_view payload) const {
  bus::v1::Header header;
  header.set_id(envelope.message_id);
  header.set_source(identity_.spiffe_id);
  header.set_type(envelope.type);
  *header.mutable_time() = ToProtoTime(clock_.Now());
  header.set_datacontenttype(std::string(evidence::kEncryptedMediaType));
  header.add_recipients(envelope.recipient);
  header.set_ordering_key(envelope.ordering_key);
  header.set_payload_sha256(std::string(crypto::AsBytes(crypto::Sha256(payload))));
  header.set_payload_size(payload.size());
  return header;
}

bus::v1::Header Sealer::CaseHeader(const Draft& draft, std::string_view payload) {
  bus::v1::Header header = HeaderOf(
      {ids_.Next(), draft.target, std::string(kCaseType), crypto::Hex(draft.referral_id)}, payload);
  if (draft.expire_time) *header.mutable_expire_time() = ToProtoTime(*draft.expire_time);
  header.set_in_reply_to(draft.in_reply_to);
  bus::v1::ReferralHeader& referral = *header.mutable_referral();
  referral.set_referral_id(draft.referral_id);
  referral.set_transition(draft.transition);
  referral.set_expected_version(draft.expected_version);
  referral.set_scope_version(draft.scope_version);
  if (draft.due_time) *referral.mutable_due_time() = ToProtoTime(*draft.due_time);
  return header;
}

absl::StatusOr<SealedMessage> Sealer::Make(const Draft& draft,
                                           const evidence::DirectoryView& directory) {
  SealedMessage sealed;
  sealed.content = Complete(draft, identity_.spiffe_id);
  WS_RETURN_IF_ERROR(CheckContent(sealed.content));
  WS_ASSIGN_OR_RETURN(std::string payload,
                      Seal(sealed.content.SerializeAsString(), {draft.target}, directory));
  bus::v1::Header header = CaseHeader(draft, payload);
  Link(draft, header, sealed.message);
  sealed.message_id = header.id();
  sealed.message.set_header(header.SerializeAsString());
  sealed.message.set_payload(std::move(payload));
  WS_ASSIGN_OR_RETURN(*sealed.message.mutable_signature(),
                      identity_.signer->SignOne(evidence::kHeaderContent, sealed.message.header()));
  return sealed;
}

absl::StatusOr<bus::v1::SignedMessage> Sealer::MakeMemo(
    const MemoDraft& draft, const evidence::DirectoryView& directory) const {
  if (directory.FormOf(draft.type) != evidence::MessageForm::kMemo) {
    return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_TYPE",
                   Problem("type", "no memo type of the directory", Quoted(draft.type)));
  }
  memo::v1::Memo memo;
  memo.set_sender(identity_.spiffe_id);
  memo.add_recipients(draft.recipient);
  memo.set_type(draft.type);
  memo.set_body(draft.body);
  memo.set_place(draft.place);
  WS_ASSIGN_OR_RETURN(std::string payload,
                      Seal(memo.SerializeAsString(), {draft.recipient}, directory));
  const bus::v1::Header header =
      HeaderOf({draft.message_id, draft.recipient, draft.type, ""}, payload);
  bus::v1::SignedMessage message;
  message.set_header(header.SerializeAsString());
  message.set_payload(std::move(payload));
  WS_ASSIGN_OR_RETURN(*message.mutable_signature(),
                      identity_.signer->SignOne(evidence::kHeaderContent, message.header()));
  return message;
}

absl::StatusOr<std::string> Sealer::OpenPayload(const VerifiedDelivery& delivery) const {
  absl::StatusOr<std::string> plain =
      client::OpenPayload(delivery.message.payload(), {identity_.decryption.get(), 1});
  if (absl::IsPermissionDenied(plain.status())) {
    return Refusal(absl::StatusCode::kUnavailable, "KEY_NOT_OURS",
                   "payload: not encrypted to the encrypt key that is configured here");
  }
  return plain;
}

absl::StatusOr<memo::v1::Memo> Sealer::OpenMemo(const VerifiedDelivery& delivery) const {
  WS_ASSIGN_OR_RETURN(std::string plain, OpenPayload(delivery));
  WS_ASSIGN_OR_RETURN(memo::v1::Memo memo, ParseMemo(plain));
  WS_RETURN_IF_ERROR(CheckMemoBinding(memo, delivery.header));
  return memo;
}

absl::StatusOr<CaseContent> Sealer::Open(const VerifiedDelivery& delivery) const {
  WS_ASSIGN_OR_RETURN(std::string plain, OpenPayload(delivery));
  WS_ASSIGN_OR_RETURN(CaseContent content, ParseContent(plain));
  WS_RETURN_IF_ERROR(CheckBinding(content, delivery.header));
  WS_RETURN_IF_ERROR(CheckContent(content));
  return content;
}

}  // namespace waystation::agency
