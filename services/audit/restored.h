#ifndef WAYSTATION_SERVICES_AUDIT_RESTORED_H_
#define WAYSTATION_SERVICES_AUDIT_RESTORED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "services/audit/rules/audit_fold.h"

// A record that went back to an older copy of itself. The broker's journal was
// restored from a backup and a new log was begun over it, which the operator says by
// a log policy with another origin. The auditor then follows the record anew from
// its beginning; what he had followed and does not find again is lost until its
// sender brings it back. Thread-safe functions.

namespace waystation::audit {

extern const std::string_view kRestoredSchema;

// Which log is followed.
struct LogTaken {
  // The first epoch of this log is not followed yet.
  bool catching_up = false;
  // Of the record that was followed before under another log: its genesis, and how far.
  // What is concluded up to there was concluded then.
  std::string former_genesis{};
  uint64_t former_sequence = 0;
  uint64_t lost = 0;     // Messages that were on the record and are not, so far.
  int64_t begun_us = 0;  // When the log began, journal time; 0: it was the first.
  int64_t whole_us = 0;  // When the last that was lost was there again; 0: never.
};

// Takes up the log `origin`. When another one was followed so far: forgets how far,
// the tree and every fold over the record, and remembers which messages were on it.
// Findings, events and what agencies said stay.
absl::StatusOr<LogTaken> TakeUpLog(agency::Transaction& tx, std::string_view origin);

// The first epoch of the log was followed.
absl::Status MarkBegun(agency::Transaction& tx, int64_t time_us);

// These are on the record. While catching up a message has to stand where it stood:
// returns what does not, in words.
absl::StatusOr<std::vector<std::string>> FindAgain(
    agency::Transaction& tx, const std::vector<std::pair<std::string, KnownMessage>>& messages,
    bool catching_up);

// What is to be concluded of what is lost by now. `begun_sequence` is the record of
// the log's first epoch when it has just been followed, else 0.
absl::StatusOr<std::vector<FindingChange>> JudgeLost(agency::Transaction& tx,
                                                     uint64_t begun_sequence, int64_t time_us);

// Messages that are lost so far.
absl::StatusOr<uint64_t> CountLost(agency::Transaction& tx);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RESTORED_H_
