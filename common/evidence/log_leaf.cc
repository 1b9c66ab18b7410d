#include "common/evidence/log_leaf.h"

#include "absl/strings/str_cat.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/wire.h"
#include "common/evidence/wire_writer.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

using audit::v1::LogLeaf;
using journal::v1::Record;

constexpr uint32_t kLeafVersion = 1;

// More than any takes: ids, three digests, numbers.
constexpr size_t kCustodyReceiptBytes = 192;

absl::Status NoLeaf(std::string_view problem, std::string_view got, std::string_view want) {
  return absl::InvalidArgumentError(Problem("log leaf", problem, got, want));
}

bool IsDigest(const std::string& bytes) { return bytes.size() == sizeof(crypto::Digest); }

}  // namespace

std::string LogLeafBytes(const LogLeafParts& parts) {
  std::string leaf;
  leaf.reserve(kLogLeafBytesMax / 2);
  WireWriter out(&leaf);
  out.Number(LogLeaf::kVersionFieldNumber, kLeafVersion);
  out.Number(LogLeaf::kSequenceFieldNumber, parts.sequence);
  out.Number(LogLeaf::kTimeUsFieldNumber, static_cast<uint64_t>(parts.time_us));
  out.Number(LogLeaf::kKindFieldNumber, static_cast<uint64_t>(parts.kind));
  out.Bytes(LogLeaf::kRecordSha256FieldNumber, crypto::AsBytes(parts.record_sha256));
  if (parts.evidence_sha256.has_value()) {
    out.Bytes(LogLeaf::kEvidenceSha256FieldNumber, crypto::AsBytes(*parts.evidence_sha256));
  }
  return leaf;
}

crypto::Digest SaltedEvidence(std::string_view salt, const crypto::Digest& evidence_hash) {
  crypto::Sha256Hasher hasher;
  hasher.Update(salt);
  hasher.Update(crypto::AsBytes(evidence_hash));
  return hasher.Finish();
}

std::string CustodyReceiptBytes(const Record& record, std::string_view message_id,
                                std::string_view bus_id) {
  using bus::v1::CustodyReceipt;
  const journal::v1::Accepted& accepted = record.accepted();
  std::string receipt;
  receipt.reserve(kCustodyReceiptBytes);
  WireWriter out(&receipt);
  out.Bytes(CustodyReceipt::kMessageIdFieldNumber, message_id);
  out.Bytes(CustodyReceipt::kEnvelopeHashFieldNumber, accepted.envelope_hash());
  out.Number(CustodyReceipt::kSequenceFieldNumber, record.sequence());
  out.Message(CustodyReceipt::kAcceptTimeFieldNumber, WireTime(record.time_us()));
  out.Bytes(CustodyReceipt::kCertificateSha256FieldNumber, accepted.certificate_sha256());
  out.Number(CustodyReceipt::kCrlNumberFieldNumber, accepted.crl_number());
  out.Number(CustodyReceipt::kPolicyVersionFieldNumber, accepted.policy_version());
  out.Bytes(CustodyReceipt::kBusIdFieldNumber, bus_id);
  return receipt;
}

absl::StatusOr<std::optional<crypto::Digest>> EvidenceHashOf(const Record& record,
                                                             std::string_view bus_id) {
  switch (record.kind_case()) {
    case Record::kAccepted: {
      bus::v1::Header header;
      if (!header.ParseFromString(record.accepted().header())) {
        return absl::DataLossError(
            absl::StrCat("record ", record.sequence(), ": header does not parse"));
      }
      return LeafHash(kCustodyReceiptContent, CustodyReceiptBytes(record, header.id(), bus_id));
    }
    case Record::kDelivered:
      return LeafHash(kBatchContent, record.delivered().statement());
    case Record::kCustodySigned:
      return LeafHash(kBatchContent, record.custody_signed().statement());
    default:
      return std::nullopt;
  }
}

absl::StatusOr<std::string> LogLeafOf(const Record& record, std::string_view bytes,
                                      std::string_view bus_id) {
  if (record.salt().size() != kLogSaltBytes) {
    return absl::DataLossError(Problem(absl::StrCat("record ", record.sequence(), " salt"),
                                       "wrong length", absl::StrCat(record.salt().size(), " bytes"),
                                       "16"));
  }
  LogLeafParts parts{.sequence = record.sequence(),
                     .time_us = record.time_us(),
                     .kind = record.kind_case(),
                     .record_sha256 = crypto::Sha256(bytes),
                     .evidence_sha256 = std::nullopt};
  WS_ASSIGN_OR_RETURN(std::optional<crypto::Digest> evidence, EvidenceHashOf(record, bus_id));
  if (evidence.has_value()) parts.evidence_sha256 = SaltedEvidence(record.salt(), *evidence);
  return LogLeafBytes(parts);
}

absl::StatusOr<LogLeaf> ParseLogLeaf(std::string_view bytes) {
  LogLeaf leaf;
  if (bytes.size() > kLogLeafBytesMax || !ParseStrictly(bytes, UnknownFields::kRefuse, &leaf)) {
    return NoLeaf("malformed", absl::StrCat(bytes.size(), " bytes"), "a LogLeaf in its one form");
  }
  if (leaf.version() != kLeafVersion) {
    return NoLeaf("unknown version", absl::StrCat(leaf.version()), "1");
  }
  if (leaf.sequence() == 0 || leaf.kind() == 0 || !IsDigest(leaf.record_sha256())) {
    return NoLeaf("incomplete", absl::StrCat("sequence ", leaf.sequence()),
                  "sequence, kind and record_sha256");
  }
  if (!leaf.evidence_sha256().empty() && !IsDigest(leaf.evidence_sha256())) {
    return NoLeaf("evidence_sha256 has the wrong length",
                  absl::StrCat(leaf.evidence_sha256().size(), " bytes"), "32");
  }
  return leaf;
}

}  // namespace waystation::evidence
