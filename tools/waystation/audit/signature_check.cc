#include "tools/waystation/audit/signature_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/evidence/message.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using journal::v1::Record;

}  // namespace

absl::Status SignatureCheck::Take(std::string_view bytes) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("record: does not parse");
  }
  return Prefixed(absl::StrCat("record ", record.sequence()), Check(record));
}

absl::Status SignatureCheck::Check(const Record& record) {
  if (record.has_genesis()) {
    bus_id_ = record.genesis().bus_id();
    WS_ASSIGN_OR_RETURN(directory_, evidence::DirectoryView::Create(record.genesis().directory()));
    verifier_.emplace(*directory_);
    return absl::OkStatus();
  }
  if (directory_ == nullptr) return absl::DataLossError("no genesis before it");
  if (record.has_epoch_opened()) return TakeBroker(record.epoch_opened().broker());
  if (record.has_accepted()) return CheckAccepted(record);
  if (record.has_custody_signed()) return CheckCustody(record);
  if (record.has_delivered()) return CheckDelivered(record);
  return absl::OkStatus();
}

// A forged journal could name an agency whose key it has.
absl::Status SignatureCheck::TakeBroker(const std::string& broker) {
  if (!ShortIdentity(broker).starts_with("broker/")) {
    return absl::UnauthenticatedError(
        Problem("broker", "no broker's identity", Quoted(broker), "one below /broker/"));
  }
  broker_ = broker;
  return absl::OkStatus();
}

absl::Status SignatureCheck::CheckChain(std::string_view signer,
                                        std::string_view certificate_sha256, int64_t time_us) {
  auto digest = crypto::DigestFrom(certificate_sha256);
  const crypto::Certificate* certificate =
      digest.has_value() ? directory_->FindSigning(signer, *digest) : nullptr;
  if (certificate == nullptr) {
    return absl::UnauthenticatedError(Problem("certificate", "not enrolled for the signer",
                                              crypto::Hex(certificate_sha256), Quoted(signer)));
  }
  return trust_.Check(*certificate, absl::FromUnixMicros(time_us));
}

absl::Status SignatureCheck::CheckAccepted(const Record& record) {
  const journal::v1::Accepted& accepted = record.accepted();
  WS_ASSIGN_OR_RETURN(const bus::v1::Header header, evidence::ParseHeader(accepted.header()));
  bus::v1::Signature signature;
  if (!signature.ParseFromString(accepted.signature())) {
    return absl::DataLossError("signature: does not parse");
  }
  WS_RETURN_IF_ERROR(verifier_->Verify(evidence::kHeaderContent, accepted.header(), signature,
                                       header.source(), &cache_));
  WS_RETURN_IF_ERROR(CheckChain(header.source(), signature.certificate_sha256(), record.time_us()));
  if (accepted.envelope_hash() != crypto::AsBytes(evidence::EnvelopeHash(accepted.header()))) {
    return absl::DataLossError("envelope_hash: not that of the header");
  }
  custody_.push_back(evidence::CustodyReceiptBytes(record, header.id(), bus_id_));
  ++verified_;
  return absl::OkStatus();
}

// The receipts are made from the block's accepted records, so the statement covers
// exactly those or it is wrong.
absl::Status SignatureCheck::CheckCustody(const Record& record) {
  const std::vector<std::string> receipts = std::exchange(custody_, {});
  const journal::v1::CustodySigned& custody = record.custody_signed();
  std::vector<crypto::Digest> leaves;
  for (const std::string& receipt : receipts) {
    leaves.push_back(evidence::LeafHash(evidence::kCustodyReceiptContent, receipt));
  }
  bus::v1::BatchStatement statement;
  const merkle::Tree tree(leaves);
  if (receipts.empty() || !statement.ParseFromString(custody.statement()) ||
      statement.size() != leaves.size() || statement.root() != crypto::AsBytes(tree.root())) {
    return absl::UnauthenticatedError(Problem("custody statement", "not of the block's messages",
                                              absl::StrCat(statement.size(), " receipts"),
                                              absl::StrCat(leaves.size())));
  }
  bus::v1::Signature signature;
  signature.set_certificate_sha256(custody.certificate_sha256());
  signature.set_signature(custody.signature());
  signature.mutable_batch()->set_statement(custody.statement());
  tree.AppendPath(0, signature.mutable_batch()->mutable_path());
  WS_RETURN_IF_ERROR(
      verifier_->Verify(evidence::kCustodyReceiptContent, receipts[0], signature, broker_));
  verified_ += receipts.size();
  return CheckChain(broker_, custody.certificate_sha256(), record.time_us());
}

absl::Status SignatureCheck::CheckDelivered(const Record& record) {
  const journal::v1::Delivered& delivered = record.delivered();
  bus::v1::ReceiptBatch batch;
  batch.set_statement(delivered.statement());
  batch.set_signature(delivered.signature());
  batch.set_certificate_sha256(delivered.certificate_sha256());
  *batch.mutable_receipts() = delivered.receipts();
  WS_RETURN_IF_ERROR(verifier_->VerifyReceiptBatch(batch, delivered.queue()));
  verified_ += static_cast<uint64_t>(delivered.receipts_size());
  return CheckChain(delivered.queue(), delivered.certificate_sha256(), record.time_us());
}

}  // namespace waystation::cli
