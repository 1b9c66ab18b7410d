#ifndef WAYSTATION_TOOLS_WAYSTATION_INJECT_CLEAN_SET_H_
#define WAYSTATION_TOOLS_WAYSTATION_INJECT_CLEAN_SET_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/handoffs/compare.h"
#include "waystation/audit/v1/index_service.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// All that is said of some messages: the log's records in order, each agency's
// entries. A value; faults are planted in copies.
struct Testimony {
  std::vector<std::string> records;                                     // Bytes.
  std::map<std::string, std::vector<audit::v1::HandoffEntry>> indexes;  // By agency.
  std::set<std::string, std::less<>> message_ids;
};

// What one message is to the log.
struct LoggedMessage {
  std::string id;
  std::string sender;
  std::string ordering;  // Sender and key; "" no order.
  uint64_t sequence = 0;
};

// A batch of receipts that acknowledged something.
struct LoggedBatch {
  size_t record = 0;  // Place in the records.
  std::vector<std::string> message_ids;
};

// What log and agencies of a clean bus said, read so that a fault can be chosen
// and the part that it concerns be cut out.
//
// Thread-compatible.
class CleanSet {
 public:
  // Errors: DATA_LOSS a record or header that cannot be read.
  static absl::StatusOr<CleanSet> Create(std::vector<std::string> records,
                                         const std::vector<handoffs::AgencyIndex>& indexes);

  const Testimony& whole() const { return whole_; }
  const std::vector<LoggedMessage>& messages() const { return messages_; }
  const std::vector<LoggedBatch>& batches() const { return batches_; }
  const LoggedMessage& Find(std::string_view id) const;

  // Keys of these messages: what is said of others does not bear on them.
  std::set<std::string> KeysOf(const std::vector<std::string>& message_ids) const;
  // All that is said of these messages and of those that share a key with one.
  Testimony Around(const std::vector<std::string>& message_ids) const;

 private:
  absl::Status Read(size_t place);
  void Note(size_t place, uint64_t accepted_sequence);

  Testimony whole_;
  std::vector<LoggedMessage> messages_;
  std::vector<LoggedBatch> batches_;
  std::map<std::string, size_t, std::less<>> by_id_;
  std::map<uint64_t, std::string> id_of_;                   // By sequence.
  std::map<std::string, std::string, std::less<>> key_of_;  // By message id.
  // By key: places of records, messages, and places of each agency's entries.
  std::map<std::string, std::set<size_t>> records_of_;
  std::map<std::string, std::vector<std::string>> ids_of_;
  std::map<std::string, std::map<std::string, std::vector<size_t>>> entries_of_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_INJECT_CLEAN_SET_H_
