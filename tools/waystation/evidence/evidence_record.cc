#include "tools/waystation/evidence/evidence_record.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/evidence/log_leaf.h"
#include "common/evidence/message.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

constexpr std::string_view kFolder = "records/";

// The files of one folder, taken out one by one: what is left over belongs to none.
class RecordFolder {
 public:
  explicit RecordFolder(uint64_t sequence) : sequence_(sequence) {}

  void Add(std::string name, const std::string* bytes) { files_[std::move(name)] = bytes; }
  bool Has(const std::string& name) const { return files_.contains(name); }

  absl::StatusOr<std::string> Take(const std::string& name) {
    auto found = files_.find(name);
    if (found == files_.end()) {
      return Unverified(Problem(RecordFile(sequence_, name), "missing"));
    }
    std::string bytes = *found->second;
    files_.erase(found);
    return bytes;
  }

  absl::StatusOr<bus::v1::Signature> TakeSignature(const std::string& name) {
    WS_ASSIGN_OR_RETURN(std::string bytes, Take(name));
    bus::v1::Signature signature;
    // One form, so that no two directories show one signature in two ways.
    if (!signature.ParseFromString(bytes) || signature.SerializeAsString() != bytes) {
      return Unverified(Problem(RecordFile(sequence_, name), "malformed", "", "a Signature"));
    }
    return signature;
  }

  absl::Status CheckEmpty() const {
    if (files_.empty()) return absl::OkStatus();
    return Unverified(
        Problem(RecordFile(sequence_, files_.begin()->first), "belongs to no record"));
  }

 private:
  const uint64_t sequence_;
  std::map<std::string, const std::string*> files_;
};

// The status as one that names the file and means that evidence does not hold.
absl::Status Bad(const std::string& file, const absl::Status& status) {
  return Unverified(absl::StrCat(file, ": ", status.message()));
}

absl::Status TakeMessage(RecordFolder& folder, EvidenceRecord* record) {
  record->message.emplace();
  WS_ASSIGN_OR_RETURN(*record->message->mutable_header(), folder.Take("header.bin"));
  auto header = evidence::ParseHeader(record->message->header());
  if (!header.ok()) return Bad(record->File("header.bin"), header.status());
  record->header = *std::move(header);
  WS_ASSIGN_OR_RETURN(*record->message->mutable_signature(), folder.TakeSignature("signature.bin"));
  WS_ASSIGN_OR_RETURN(*record->custody.mutable_receipt(), folder.Take("custody-receipt.bin"));
  WS_ASSIGN_OR_RETURN(*record->custody.mutable_signature(),
                      folder.TakeSignature("custody-signature.bin"));
  return absl::OkStatus();
}

absl::Status TakeDeliveries(RecordFolder& folder, EvidenceRecord* record) {
  do {
    const size_t number = record->deliveries.size() + 1;
    bus::v1::SignedReceipt& receipt = record->deliveries.emplace_back();
    WS_ASSIGN_OR_RETURN(*receipt.mutable_receipt(), folder.Take(DeliveryFile(number)));
    WS_ASSIGN_OR_RETURN(*receipt.mutable_signature(),
                        folder.TakeSignature(DeliverySignatureFile(number)));
  } while (folder.Has(DeliveryFile(record->deliveries.size() + 1)));
  return absl::OkStatus();
}

absl::StatusOr<EvidenceRecord> TakeRecord(uint64_t sequence, RecordFolder folder) {
  EvidenceRecord record;
  record.sequence = sequence;
  WS_ASSIGN_OR_RETURN(record.leaf_bytes, folder.Take("leaf.bin"));
  auto leaf = evidence::ParseLogLeaf(record.leaf_bytes);
  if (!leaf.ok()) return Bad(record.File("leaf.bin"), leaf.status());
  record.leaf = *std::move(leaf);
  WS_ASSIGN_OR_RETURN(record.salt, folder.Take("salt.bin"));
  WS_ASSIGN_OR_RETURN(std::string proof_bytes, folder.Take("leaf.tlog-proof"));
  auto proof = tlog::Proof::Parse(proof_bytes);
  if (!proof.ok()) return Bad(record.File("leaf.tlog-proof"), proof.status());
  record.proof = *std::move(proof);
  WS_RETURN_IF_ERROR(folder.Has("header.bin") ? TakeMessage(folder, &record)
                                              : TakeDeliveries(folder, &record));
  WS_RETURN_IF_ERROR(folder.CheckEmpty());
  return record;
}

}  // namespace

std::string DeliveryFile(size_t number) { return absl::StrCat("delivery-", number, ".bin"); }

std::string DeliverySignatureFile(size_t number) {
  return absl::StrCat("delivery-", number, "-signature.bin");
}

absl::StatusOr<std::vector<EvidenceRecord>> ReadRecords(const EvidenceFiles& files) {
  std::map<uint64_t, RecordFolder> folders;
  for (const auto& [path, bytes] : files) {
    if (!path.starts_with(kFolder)) continue;
    const size_t slash = path.find('/', kFolder.size());
    uint64_t sequence = 0;
    if (slash == std::string::npos ||
        !absl::SimpleAtoi(path.substr(kFolder.size(), slash - kFolder.size()), &sequence) ||
        RecordFile(sequence, path.substr(slash + 1)) != path) {
      return Unverified(Problem(Quoted(path), "belongs to no record", "",
                                "records/<sequence, 12 digits>/<file>"));
    }
    folders.try_emplace(sequence, sequence).first->second.Add(path.substr(slash + 1), &bytes);
  }
  std::vector<EvidenceRecord> records;
  for (auto& [sequence, folder] : folders) {
    WS_ASSIGN_OR_RETURN(EvidenceRecord record, TakeRecord(sequence, std::move(folder)));
    records.push_back(std::move(record));
  }
  if (records.empty()) return Unverified(Problem("records", "none", "", "at least the request"));
  return records;
}

}  // namespace waystation::cli
