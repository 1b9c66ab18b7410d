#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_RECORD_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tlog/proof.h"
#include "tools/waystation/evidence/evidence_files.h"
#include "waystation/audit/v1/leaf.pb.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::cli {

// One record of the journal as a directory of evidence shows it, parsed and not yet
// verified: either a message with its custody receipt, or delivery receipts.
struct EvidenceRecord {
  uint64_t sequence = 0;  // Of the folder.
  std::string leaf_bytes;
  audit::v1::LogLeaf leaf;
  std::string salt;
  tlog::Proof proof;
  // Of a message; unset otherwise.
  std::optional<bus::v1::SignedMessage> message;
  bus::v1::Header header;
  bus::v1::SignedReceipt custody;
  // Of a delivered record, in the order of their numbers.
  std::vector<bus::v1::SignedReceipt> deliveries;

  std::string File(std::string_view name) const { return RecordFile(sequence, name); }
  absl::Time time() const { return absl::FromUnixMicros(leaf.time_us()); }
};

// "delivery-1.bin", "delivery-1-signature.bin".
std::string DeliveryFile(size_t number);
std::string DeliverySignatureFile(size_t number);

// The records of a directory in journal order. Each folder has exactly the files of
// its kind. Errors: FAILED_PRECONDITION (VERIFICATION_FAILED) naming the file.
absl::StatusOr<std::vector<EvidenceRecord>> ReadRecords(const EvidenceFiles& files);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_RECORD_H_
