#include "tools/waystation/evidence/evidence_export.h"

#include <map>
#include <set>
#include <utility>

#include "common/crypto/certificate.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/status/status.h"
#include "common/tlog/proof.h"
#include "tools/waystation/evidence/evidence_record.h"
#include "tools/waystation/text.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::LogLeaf;
using audit::v1::RecordProof;
using bus::v1::HistoryEntry;
using bus::v1::SignedReceipt;

struct Proven {
  LogLeaf leaf;
  const RecordProof* proof;
};

// The proofs that the broker sent, to be found by what they prove.
class Proofs {
 public:
  static absl::StatusOr<Proofs> Read(const audit::v1::GetReferralProofsResponse& response) {
    Proofs proofs;
    for (const RecordProof& proof : response.proofs()) {
      WS_ASSIGN_OR_RETURN(LogLeaf leaf, evidence::ParseLogLeaf(proof.leaf()));
      proofs.all_.push_back({std::move(leaf), &proof});
    }
    return proofs;
  }

  const Proven* OfMessage(uint64_t sequence) const {
    for (const Proven& one : all_) {
      if (one.leaf.sequence() == sequence &&
          one.leaf.kind() == journal::v1::Record::kAcceptedFieldNumber) {
        return &one;
      }
    }
    return nullptr;
  }

  // The history does not say which record holds a delivery receipt; the leaf does.
  const Proven* OfReceipt(const SignedReceipt& receipt) const {
    const crypto::Digest batch =
        evidence::LeafHash(evidence::kBatchContent, receipt.signature().batch().statement());
    for (const Proven& one : all_) {
      if (one.leaf.kind() == journal::v1::Record::kDeliveredFieldNumber &&
          crypto::AsBytes(evidence::SaltedEvidence(one.proof->salt(), batch)) ==
              one.leaf.evidence_sha256()) {
        return &one;
      }
    }
    return nullptr;
  }

 private:
  std::vector<Proven> all_;
};

std::string Name(const HistoryEntry& entry, std::string_view what) {
  return absl::StrCat("record ", entry.sequence(), " (", Absl(what), ")");
}

class Exporter {
 public:
  explicit Exporter(const EvidenceSources& sources) : sources_(sources) {}

  absl::StatusOr<Evidence> Run() {
    WS_ASSIGN_OR_RETURN(proofs_, Proofs::Read(sources_.proofs));
    out_.manifest.set_format(std::string(kEvidenceFormat));
    out_.manifest.set_bus_id(crypto::Hex(sources_.directory.bus_id()));
    out_.manifest.set_referral_id(FormatReferralId(sources_.referral_id));
    out_.manifest.set_broker(sources_.broker);
    for (const HistoryEntry& entry : sources_.history.entries()) {
      WS_RETURN_IF_ERROR(AddEntry(entry));
    }
    WS_RETURN_IF_ERROR(AddCertificates());
    out_.files[kCheckpointFile] = sources_.proofs.checkpoint();
    out_.files[kLogPolicyFile] = sources_.log_policy;
    out_.files[kRootsFile] = sources_.roots_pem;
    out_.files[kCrlFile] = sources_.crl_pem;
    ListFiles(&out_);
    return std::move(out_);
  }

 private:
  absl::Status AddEntry(const HistoryEntry& entry) {
    if (entry.transition() == types::v1::TRANSITION_EXPIRE) {
      out_.manifest.mutable_expired()->set_sequence(entry.sequence());
      out_.manifest.mutable_expired()->set_time_us(absl::ToUnixMicros(FromProto(entry.time())));
    }
    if (entry.has_message()) WS_RETURN_IF_ERROR(AddMessage(entry));
    for (const SignedReceipt& receipt : entry.delivery_receipts()) {
      WS_RETURN_IF_ERROR(AddReceipt(entry, receipt));
    }
    return absl::OkStatus();
  }

  absl::Status AddMessage(const HistoryEntry& entry) {
    const Proven* proven = proofs_.OfMessage(entry.sequence());
    if (proven == nullptr) return Missing(Name(entry, Words(entry.transition())));
    AddLeaf(*proven);
    Put(entry.sequence(), "header.bin", entry.message().header());
    PutSignature(entry.sequence(), "signature.bin", entry.message().signature());
    Put(entry.sequence(), "custody-receipt.bin", entry.custody_receipt().receipt());
    PutSignature(entry.sequence(), "custody-signature.bin", entry.custody_receipt().signature());
    return absl::OkStatus();
  }

  absl::Status AddReceipt(const HistoryEntry& entry, const SignedReceipt& receipt) {
    const Proven* proven = proofs_.OfReceipt(receipt);
    if (proven == nullptr) return Missing(Name(entry, "its delivery receipt"));
    AddLeaf(*proven);
    const uint64_t sequence = proven->leaf.sequence();
    const size_t number = ++receipts_[sequence];
    Put(sequence, DeliveryFile(number), receipt.receipt());
    PutSignature(sequence, DeliverySignatureFile(number), receipt.signature());
    return absl::OkStatus();
  }

  void AddLeaf(const Proven& proven) {
    const uint64_t sequence = proven.leaf.sequence();
    Put(sequence, "leaf.bin", proven.proof->leaf());
    Put(sequence, "salt.bin", proven.proof->salt());
    const tlog::Proof proof{.index = proven.proof->log_index(),
                            .path = proven.proof->path(),
                            .checkpoint = sources_.proofs.checkpoint(),
                            .extra = {}};
    Put(sequence, "leaf.tlog-proof", proof.ToBytes());
  }

  absl::Status AddCertificates() {
    std::set<std::string> wanted = std::move(certificates_);
    for (const bus::v1::Identity& identity : sources_.directory.directory().identities()) {
      for (const bus::v1::EnrolledCertificate& enrolled : identity.certificates()) {
        const crypto::Digest sha256 = crypto::Sha256(enrolled.der());
        if (wanted.erase(std::string(crypto::AsBytes(sha256))) == 0) continue;
        WS_ASSIGN_OR_RETURN(auto certificate, crypto::Certificate::FromDer(enrolled.der()));
        out_.files[CertificateFile(crypto::AsBytes(sha256))] = certificate.ToPem();
      }
    }
    if (wanted.empty()) return absl::OkStatus();
    return absl::NotFoundError(Problem(absl::StrCat("certificate ", crypto::Hex(*wanted.begin())),
                                       "not in the directory of the bus"));
  }

  static absl::Status Missing(const std::string& record) {
    return absl::NotFoundError(Problem(record, "has no proof under the checkpoint"));
  }

  void Put(uint64_t sequence, std::string_view name, const std::string& bytes) {
    out_.files[RecordFile(sequence, name)] = bytes;
  }

  void PutSignature(uint64_t sequence, std::string_view name, const bus::v1::Signature& signature) {
    certificates_.insert(signature.certificate_sha256());
    Put(sequence, name, signature.SerializeAsString());
  }

  const EvidenceSources& sources_;
  Proofs proofs_;
  Evidence out_;
  std::set<std::string> certificates_;
  std::map<uint64_t, size_t> receipts_;  // How many each delivered record has.
};

}  // namespace

std::vector<std::string> WithoutProof(const EvidenceSources& sources) {
  auto proofs = Proofs::Read(sources.proofs);
  if (!proofs.ok()) return {std::string(proofs.status().message())};
  std::vector<std::string> missing;
  for (const HistoryEntry& entry : sources.history.entries()) {
    if (entry.has_message() && proofs->OfMessage(entry.sequence()) == nullptr) {
      missing.push_back(Name(entry, Words(entry.transition())));
    }
    for (const SignedReceipt& receipt : entry.delivery_receipts()) {
      if (proofs->OfReceipt(receipt) == nullptr) {
        missing.push_back(Name(entry, "its delivery receipt"));
      }
    }
  }
  return missing;
}

absl::StatusOr<Evidence> MakeEvidence(const EvidenceSources& sources) {
  return Exporter(sources).Run();
}

}  // namespace waystation::cli
