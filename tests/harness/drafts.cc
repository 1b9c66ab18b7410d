#include "tests/harness/drafts.h"

#include <utility>

#include "common/client/sealed.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/ids/random.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"

namespace waystation::harness {
namespace {

std::string NewId() {
  static SystemClock clock;
  static auto& ids = *new UuidV7Generator(clock, SystemRandom);
  return ids.Next();
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  int64_t us = absl::ToUnixMicros(time);
  out->set_seconds(us / 1'000'000);
  out->set_nanos(static_cast<int>(us % 1'000'000 * 1'000));
}

std::string DigestOf(std::string_view bytes) {
  return std::string(crypto::AsBytes(crypto::Sha256(bytes)));
}

}  // namespace

Drafts::Drafts(TestBus& bus, std::string_view path) : bus_(bus), signer_(bus.Signer(path)) {}

bus::v1::Header Drafts::Report(std::string_view recipient_path) const {
  bus::v1::Header header;
  header.set_id(NewId());
  header.set_source(signer_->identity());
  header.set_type(kReportType);
  SetTime(bus_.clock().Now(), header.mutable_time());
  header.set_datacontenttype("application/octet-stream");
  header.add_recipients(cli::DevIdentity(recipient_path));
  return header;
}

bus::v1::Header Drafts::Case(std::string_view recipient_path, const std::string& referral_id,
                             types::v1::Transition transition, uint64_t expected_version) const {
  bus::v1::Header header = Report(recipient_path);
  header.set_type(kCaseType);
  header.set_datacontenttype(std::string(evidence::kEncryptedMediaType));
  header.mutable_referral()->set_referral_id(referral_id);
  header.mutable_referral()->set_transition(transition);
  header.mutable_referral()->set_expected_version(expected_version);
  header.mutable_referral()->set_scope_version(1);
  return header;
}

bus::v1::SignedMessage Drafts::Sign(bus::v1::Header header, std::string payload) const {
  header.set_payload_sha256(DigestOf(payload));
  header.set_payload_size(payload.size());
  return SignBytes(header.SerializeAsString(), std::move(payload));
}

bus::v1::SignedMessage Drafts::SignBytes(std::string header_bytes, std::string payload) const {
  bus::v1::SignedMessage message;
  *message.mutable_signature() =
      Must(signer_->SignOne(evidence::kHeaderContent, header_bytes), "signature");
  message.set_header(std::move(header_bytes));
  message.set_payload(std::move(payload));
  return message;
}

std::vector<bus::v1::SignedMessage> Drafts::SignBatch(const std::vector<bus::v1::Header>& headers,
                                                      const std::string& payload) const {
  std::vector<bus::v1::SignedMessage> messages(headers.size());
  std::vector<std::string_view> contents;
  for (size_t i = 0; i < headers.size(); ++i) {
    bus::v1::Header header = headers[i];
    header.set_payload_sha256(DigestOf(payload));
    header.set_payload_size(payload.size());
    messages[i].set_header(header.SerializeAsString());
    messages[i].set_payload(payload);
  }
  for (const auto& message : messages) contents.push_back(message.header());
  auto signatures =
      Must(signer_->SignBatch(evidence::kHeaderContent, contents, bus_.clock().Now()), "batch");
  for (size_t i = 0; i < headers.size(); ++i) {
    *messages[i].mutable_signature() = std::move(signatures[i]);
  }
  return messages;
}

std::string Drafts::Seal(std::string_view plaintext, std::string_view recipient_path) const {
  std::vector<std::string> recipients = {cli::DevIdentity(recipient_path)};
  return Must(client::SealPayload(plaintext, signer_->identity(), recipients, *bus_.directory(),
                                  bus_.trust()->Current(), bus_.clock().Now()),
              "sealed payload");
}

bus::v1::DeliveryReceipt Drafts::Receipt(const bus::v1::Delivery& delivery) const {
  bus::v1::DeliveryReceipt receipt;
  const std::string& header = delivery.message().header();
  receipt.set_message_id(HeaderOf(delivery.message()).id());
  receipt.set_envelope_hash(std::string(crypto::AsBytes(evidence::EnvelopeHash(header))));
  receipt.set_recipient(signer_->identity());
  receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
  receipt.set_attempt(delivery.attempt());
  SetTime(bus_.clock().Now(), receipt.mutable_time());
  return receipt;
}

bus::v1::ReceiptBatch Drafts::SignReceipts(
    const std::vector<bus::v1::DeliveryReceipt>& receipts) const {
  std::vector<std::string> bytes;
  for (const auto& receipt : receipts) bytes.push_back(receipt.SerializeAsString());
  return Must(signer_->SignReceipts(std::move(bytes), bus_.clock().Now()), "receipts");
}

std::string NewReferralId() {
  std::string id(16, '\0');
  SystemRandom(id.data(), id.size());
  return id;
}

bus::v1::Header HeaderOf(const bus::v1::SignedMessage& message) {
  bus::v1::Header header;
  WS_CHECK(header.ParseFromString(message.header()));
  return header;
}

}  // namespace waystation::harness
