#include "tools/waystation/evidence/evidence_check.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"
#include "tools/waystation/evidence/referral_walk.h"
#include "tools/waystation/evidence/signed_parts.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using journal::v1::Record;

absl::Status Mismatch(const std::string& thing, std::string_view got, std::string_view want) {
  return Unverified(Problem(thing, "does not match", got, want));
}

// Whether the format has such a file; the folders' own names are checked where they
// are read.
bool IsKnownFile(const std::string& path) {
  return path.starts_with("records/") || path.starts_with("certificates/") ||
         path == kCheckpointFile || path == kLogPolicyFile || path == kRootsFile ||
         path == kCrlFile;
}

// One run over one directory; collects what does not hold.
class Check {
 public:
  Check(const Evidence& evidence, const EvidenceTrust& trust)
      : evidence_(evidence),
        trust_(trust),
        certificates_(evidence.files, &problems_),
        parts_(trust, evidence.manifest, certificates_) {}

  v1::EvidenceReport Run() {
    report_.set_referral_id(evidence_.manifest.referral_id());
    report_.set_bus_id(evidence_.manifest.bus_id());
    CheckFiles();
    Note(CheckBroker());
    Note(OpenCheckpoint());
    auto records = ReadRecords(evidence_.files);
    Note(records.status());
    if (records.ok()) CheckRecords(*records);
    for (const std::string& file : certificates_.Unused()) {
      problems_.push_back(Problem(file, "no signature names it"));
    }
    *report_.mutable_problems() = {problems_.begin(), problems_.end()};
    return std::move(report_);
  }

 private:
  bool Note(const absl::Status& status) {
    if (!status.ok()) problems_.emplace_back(status.message());
    return status.ok();
  }

  void CheckFiles() {
    for (const char* name : {kCheckpointFile, kLogPolicyFile, kRootsFile, kCrlFile}) {
      if (!evidence_.files.contains(name)) problems_.push_back(Problem(name, "missing"));
    }
    for (const auto& [path, bytes] : evidence_.files) {
      if (!IsKnownFile(path)) problems_.push_back(Problem(Quoted(path), "no file of the format"));
    }
  }

  absl::Status CheckBroker() const {
    const std::string& broker = evidence_.manifest.broker();
    if (!trust_.broker.empty() && broker != trust_.broker) {
      return Mismatch("manifest.json: broker", Quoted(broker), Quoted(trust_.broker));
    }
    if (ShortIdentity(broker).starts_with("broker/")) return absl::OkStatus();
    return Mismatch("manifest.json: broker", Quoted(broker), "an identity below /broker/");
  }

  absl::Status OpenCheckpoint();
  void CheckRecords(const std::vector<EvidenceRecord>& records);
  bool CheckRecord(const EvidenceRecord& record, const std::vector<EvidenceRecord>& messages,
                   v1::EvidenceRow* row);
  absl::Status CheckLeaf(const EvidenceRecord& record) const;
  absl::StatusOr<crypto::Digest> EvidenceHashOf(const EvidenceRecord& record) const;
  absl::Status CheckOrder(const EvidenceRecord& record);
  absl::Status Walk(const EvidenceRecord& record, v1::EvidenceRow* row);
  void AddExpiryBefore(uint64_t sequence);

  const Evidence& evidence_;
  const EvidenceTrust& trust_;
  std::vector<std::string> problems_;
  const EvidenceCertificates certificates_;
  const SignedParts parts_;
  v1::EvidenceReport report_;
  tlog::Checkpoint checkpoint_;
  ReferralWalk walk_;
  bool expiry_taken_ = false;
  int64_t last_time_us_ = 0;
  uint64_t next_index_ = 0;
};

absl::Status Check::OpenCheckpoint() {
  auto file = evidence_.files.find(kCheckpointFile);
  if (file == evidence_.files.end()) return absl::OkStatus();  // Told by CheckFiles.
  auto opened = trust_.policy.OpenCosigned(file->second);
  if (!opened.ok()) {
    return Unverified(absl::StrCat(kCheckpointFile, ": ", opened.status().message()));
  }
  checkpoint_ = opened->checkpoint;
  v1::EvidenceCheckpoint& out = *report_.mutable_checkpoint();
  out.set_origin(checkpoint_.origin);
  out.set_size(checkpoint_.size);
  out.set_root(crypto::Hex(crypto::AsBytes(checkpoint_.root)));
  for (const tlog::Cosigned& one : trust_.policy.CosignersOf(opened->note)) {
    v1::EvidenceCosigner* cosigner = out.add_cosigners();
    cosigner->set_name(one.name);
    *cosigner->mutable_time() = ToProto(one.time);
  }
  return absl::OkStatus();
}

void Check::CheckRecords(const std::vector<EvidenceRecord>& records) {
  std::vector<EvidenceRecord> messages;
  for (const EvidenceRecord& record : records) {
    AddExpiryBefore(record.sequence);
    v1::EvidenceRow row;
    row.set_sequence(record.sequence);
    *row.mutable_time() = ToProto(record.time());
    row.set_log_index(record.proof.index);
    const bool holds = CheckRecord(record, messages, &row);
    row.set_verified(Note(Walk(record, &row)) && holds);
    row.set_state(walk_.state());
    row.set_version(walk_.version());
    *report_.add_rows() = std::move(row);
    if (record.message.has_value()) messages.push_back(record);
  }
  AddExpiryBefore(UINT64_MAX);
}

bool Check::CheckRecord(const EvidenceRecord& record, const std::vector<EvidenceRecord>& messages,
                        v1::EvidenceRow* row) {
  bool holds = Note(CheckLeaf(record));
  holds &= Note(CheckOrder(record));
  if (record.message.has_value()) {
    row->set_actor(record.header.source());
    row->set_certificate_sha256(crypto::Hex(record.message->signature().certificate_sha256()));
    holds &= Note(parts_.CheckMessage(record));
    return Note(parts_.CheckCustody(record)) && holds;
  }
  for (size_t i = 0; i < record.deliveries.size(); ++i) {
    if (!Note(parts_.CheckDelivery(record, i, messages))) {
      holds = false;
      continue;
    }
    bus::v1::DeliveryReceipt receipt;
    receipt.ParseFromString(record.deliveries[i].receipt());
    row->set_actor(receipt.recipient());
    row->set_certificate_sha256(crypto::Hex(record.deliveries[i].signature().certificate_sha256()));
    v1::VerifiedReceipt* verified = row->add_receipts();
    verified->set_recipient(receipt.recipient());
    verified->set_outcome(receipt.outcome());
    *verified->mutable_time() = receipt.time();
  }
  return holds;
}

// What the leaf must commit to, from what is signed.
absl::StatusOr<crypto::Digest> Check::EvidenceHashOf(const EvidenceRecord& record) const {
  if (record.message.has_value()) {
    return evidence::LeafHash(evidence::kCustodyReceiptContent, record.custody.receipt());
  }
  const std::string& statement = record.deliveries[0].signature().batch().statement();
  for (size_t i = 1; i < record.deliveries.size(); ++i) {
    if (record.deliveries[i].signature().batch().statement() != statement) {
      return Unverified(Problem(record.File(DeliverySignatureFile(i + 1)), "another batch", "",
                                "the one of " + DeliverySignatureFile(1)));
    }
  }
  return evidence::LeafHash(evidence::kBatchContent, statement);
}

absl::Status Check::CheckLeaf(const EvidenceRecord& record) const {
  const std::string file = record.File("leaf.bin");
  const audit::v1::LogLeaf& leaf = record.leaf;
  const uint32_t kind =
      record.message.has_value() ? Record::kAcceptedFieldNumber : Record::kDeliveredFieldNumber;
  if (leaf.sequence() != record.sequence) {
    return Mismatch(file + ": sequence", absl::StrCat(leaf.sequence()),
                    absl::StrCat(record.sequence));
  }
  if (leaf.kind() != kind) {
    return Mismatch(file + ": kind", absl::StrCat(leaf.kind()), absl::StrCat(kind));
  }
  if (record.salt.size() != evidence::kLogSaltBytes) {
    return Mismatch(record.File("salt.bin"), absl::StrCat(record.salt.size(), " bytes"), "16");
  }
  WS_ASSIGN_OR_RETURN(const crypto::Digest hash, EvidenceHashOf(record));
  const crypto::Digest salted = evidence::SaltedEvidence(record.salt, hash);
  if (crypto::AsBytes(salted) != leaf.evidence_sha256()) {
    return Mismatch(file + ": evidence_sha256", crypto::Hex(leaf.evidence_sha256()),
                    crypto::Hex(crypto::AsBytes(salted)) + " of salt.bin and the signed bytes");
  }
  const std::string proof_file = record.File("leaf.tlog-proof");
  if (checkpoint_.size == 0) {
    return Unverified(Problem(proof_file, "proves nothing", "", "a checkpoint that counts"));
  }
  if (record.proof.checkpoint != evidence_.files.find(kCheckpointFile)->second) {
    return Mismatch(proof_file + ": checkpoint", "another one", "the file checkpoint");
  }
  const absl::Status included =
      merkle::VerifyInclusion(merkle::LeafHash(record.leaf_bytes), record.proof.index,
                              checkpoint_.size, record.proof.path, checkpoint_.root);
  return included.ok() ? included : Unverified(absl::StrCat(proof_file, ": ", included.message()));
}

// The log keeps the journal's order.
absl::Status Check::CheckOrder(const EvidenceRecord& record) {
  const bool fits = record.leaf.time_us() >= last_time_us_ && record.proof.index >= next_index_;
  const std::string got =
      absl::StrCat("leaf ", record.proof.index, " at ", TimeText(record.time()));
  const std::string want = absl::StrCat("at least leaf ", next_index_, ", not before ",
                                        TimeText(absl::FromUnixMicros(last_time_us_)));
  last_time_us_ = record.leaf.time_us();
  next_index_ = record.proof.index + 1;
  if (fits) return absl::OkStatus();
  return Unverified(Problem(record.File("leaf.bin"), "out of order", got, want));
}

absl::Status Check::Walk(const EvidenceRecord& record, v1::EvidenceRow* row) {
  if (record.message.has_value()) {
    row->set_transition(record.header.referral().transition());
    const absl::Status step = walk_.Message(record.header);
    return step.ok() ? step
                     : Unverified(absl::StrCat(record.File("header.bin"), ": ", step.message()));
  }
  for (const bus::v1::SignedReceipt& delivery : record.deliveries) {
    bus::v1::DeliveryReceipt receipt;
    if (receipt.ParseFromString(delivery.receipt()) &&
        walk_.Received(receipt.recipient(), receipt.message_id())) {
      row->set_transition(types::v1::TRANSITION_RECEIVED);
    }
  }
  return absl::OkStatus();
}

// The broker's own step has a row too, and no signature.
void Check::AddExpiryBefore(uint64_t sequence) {
  const v1::EvidenceManifest& manifest = evidence_.manifest;
  if (!manifest.has_expired() || expiry_taken_ || manifest.expired().sequence() >= sequence) return;
  expiry_taken_ = true;
  v1::EvidenceRow* row = report_.add_rows();
  row->set_sequence(manifest.expired().sequence());
  *row->mutable_time() = ToProto(absl::FromUnixMicros(manifest.expired().time_us()));
  row->set_transition(types::v1::TRANSITION_EXPIRE);
  const absl::Status step = walk_.Expired(manifest.expired().time_us());
  if (!step.ok()) problems_.push_back(absl::StrCat("manifest.json: ", step.message()));
  row->set_state(walk_.state());
  row->set_version(walk_.version());
}

}  // namespace

v1::EvidenceReport CheckEvidence(const Evidence& evidence, const EvidenceTrust& trust) {
  return Check(evidence, trust).Run();
}

absl::Status AllHeld(const v1::EvidenceReport& report) {
  if (report.problems_size() == 0) return absl::OkStatus();
  const std::string more = report.problems_size() > 1
                               ? absl::StrCat(" (and ", report.problems_size() - 1, " more)")
                               : "";
  return Unverified(absl::StrCat("evidence: ", report.problems(0), more));
}

}  // namespace waystation::cli
