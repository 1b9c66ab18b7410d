#include "tools/waystation/evidence/signed_parts.h"

#include <algorithm>

#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

constexpr std::string_view kCertificates = "certificates/";

absl::Status Mismatch(const std::string& thing, std::string_view got, std::string_view want) {
  return Unverified(Problem(thing, "does not match", got, want));
}

// OK, or the error with the file in front.
absl::Status In(const std::string& file, const absl::Status& status) {
  return status.ok() ? status : Unverified(absl::StrCat(file, ": ", status.message()));
}

absl::Status CheckCustodyFields(const EvidenceRecord& record,
                                const bus::v1::CustodyReceipt& receipt, std::string_view bus_id) {
  if (receipt.sequence() != record.sequence) {
    return Mismatch("sequence", absl::StrCat(receipt.sequence()), absl::StrCat(record.sequence));
  }
  if (FromProto(receipt.accept_time()) != record.time()) {
    return Mismatch("accept time", TimeText(receipt.accept_time()), TimeText(record.time()));
  }
  if (receipt.certificate_sha256() != record.message->signature().certificate_sha256()) {
    return Mismatch("signing certificate", crypto::Hex(receipt.certificate_sha256()),
                    "the one that signed the message");
  }
  if (crypto::Hex(receipt.bus_id()) != bus_id) {
    return Mismatch("bus", crypto::Hex(receipt.bus_id()), Quoted(bus_id));
  }
  return absl::OkStatus();
}

}  // namespace

EvidenceCertificates::EvidenceCertificates(const EvidenceFiles& files,
                                           std::vector<std::string>* problems) {
  for (const auto& [path, pem] : files) {
    if (!path.starts_with(kCertificates)) continue;
    auto certificate = crypto::Certificate::FromPem(pem);
    if (!certificate.ok()) {
      problems->push_back(absl::StrCat(path, ": ", certificate.status().message()));
    } else if (certificate->ToPem() != pem) {
      problems->push_back(Problem(path, "not in its one form"));
    } else if (CertificateFile(crypto::AsBytes(certificate->sha256())) != path) {
      problems->push_back(Problem(path, "another certificate",
                                  crypto::Hex(crypto::AsBytes(certificate->sha256())),
                                  "the one of its name"));
    } else {
      certificates_.emplace(certificate->sha256(), *std::move(certificate));
    }
  }
}

const crypto::Certificate* EvidenceCertificates::FindSigning(std::string_view signer,
                                                             const crypto::Digest& sha256) const {
  auto found = certificates_.find(sha256);
  if (found == certificates_.end()) return nullptr;
  const crypto::Certificate& certificate = found->second;
  used_.insert(sha256);
  const bool is_signers = certificate.uri_sans().size() == 1 &&
                          certificate.uri_sans()[0] == signer &&
                          certificate.Allows(crypto::KeyUse::kSign);
  return is_signers ? &certificate : nullptr;
}

std::vector<std::string> EvidenceCertificates::Unused() const {
  std::vector<std::string> unused;
  for (const auto& [sha256, certificate] : certificates_) {
    if (!used_.contains(sha256)) unused.push_back(CertificateFile(crypto::AsBytes(sha256)));
  }
  return unused;
}

absl::Status SignedParts::CheckChain(std::string_view signer, const bus::v1::Signature& signature,
                                     absl::Time at) const {
  auto digest = crypto::DigestFrom(signature.certificate_sha256());
  const crypto::Certificate* certificate =
      digest.has_value() ? certificates_.FindSigning(signer, *digest) : nullptr;
  if (certificate == nullptr) return Unverified("certificate: not one of the signer's");
  const auto verdict = trust_.trust.Check(*certificate, {}, crypto::KeyUse::kSign, at);
  if (verdict.ok()) return absl::OkStatus();
  return Unverified(Problem("certificate of " + Quoted(signer), verdict.text,
                            std::string(TrustProblemName(verdict.problem)),
                            "a certificate that was good at " + TimeText(at)));
}

absl::Status SignedParts::CheckMessage(const EvidenceRecord& record) const {
  const std::string file = record.File("signature.bin");
  const bus::v1::SignedMessage& message = *record.message;
  const std::string& source = record.header.source();
  WS_RETURN_IF_ERROR(In(file, verifier_.Verify(evidence::kHeaderContent, message.header(),
                                               message.signature(), source)));
  WS_RETURN_IF_ERROR(In(file, CheckChain(source, message.signature(), record.time())));
  const std::string id = FormatReferralId(record.header.referral().referral_id());
  if (id == manifest_.referral_id()) return absl::OkStatus();
  return Mismatch(record.File("header.bin") + ": referral", id, Quoted(manifest_.referral_id()));
}

absl::Status SignedParts::CheckCustody(const EvidenceRecord& record) const {
  const std::string file = record.File("custody-receipt.bin");
  auto receipt = evidence::VerifyCustodyReceipt(verifier_, record.custody, manifest_.broker(),
                                                record.header.id(),
                                                evidence::EnvelopeHash(record.message->header()));
  if (!receipt.ok()) return In(file, receipt.status());
  WS_RETURN_IF_ERROR(In(file, CheckCustodyFields(record, *receipt, manifest_.bus_id())));
  if (receipt->crl_number() > trust_.trust.crl_number()) {
    return Unverified(Problem(file + ": revocation list", "older than the one at that time",
                              absl::StrCat(trust_.trust.crl_number()),
                              absl::StrCat("at least ", receipt->crl_number())));
  }
  return In(file, CheckChain(manifest_.broker(), record.custody.signature(), record.time()));
}

absl::Status SignedParts::CheckDelivery(const EvidenceRecord& record, size_t index,
                                        const std::vector<EvidenceRecord>& messages) const {
  const std::string file = record.File(DeliveryFile(index + 1));
  const bus::v1::SignedReceipt& delivery = record.deliveries[index];
  auto receipt = evidence::ParseDeliveryReceipt(delivery.receipt());
  if (!receipt.ok()) return In(file, receipt.status());
  const auto message = std::find_if(messages.begin(), messages.end(), [&](const auto& one) {
    return one.sequence < record.sequence && one.header.id() == receipt->message_id();
  });
  if (message == messages.end()) {
    return Mismatch(file + ": message", Quoted(receipt->message_id()),
                    "an earlier message of this evidence");
  }
  const auto hash = evidence::EnvelopeHash(message->message->header());
  if (receipt->envelope_hash() != crypto::AsBytes(hash)) {
    return Mismatch(file + ": envelope hash", crypto::Hex(receipt->envelope_hash()),
                    crypto::Hex(crypto::AsBytes(hash)));
  }
  const auto& recipients = message->header.recipients();
  if (std::find(recipients.begin(), recipients.end(), receipt->recipient()) == recipients.end()) {
    return Mismatch(file + ": recipient", Quoted(receipt->recipient()),
                    "a recipient of the message");
  }
  WS_RETURN_IF_ERROR(In(record.File(DeliverySignatureFile(index + 1)),
                        verifier_.Verify(evidence::kDeliveryReceiptContent, delivery.receipt(),
                                         delivery.signature(), receipt->recipient())));
  return In(file, CheckChain(receipt->recipient(), delivery.signature(), record.time()));
}

}  // namespace waystation::cli
