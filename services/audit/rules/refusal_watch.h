#ifndef WAYSTATION_SERVICES_AUDIT_RULES_REFUSAL_WATCH_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_REFUSAL_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/fold.pb.h"
#include "services/audit/rules/rows.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::audit {

// A message that is on the record.
struct KnownMessage {
  uint64_t sequence = 0;
  std::string source{};
  std::vector<std::string> recipients{};
  std::string referral_id{};
};

// Whether a step was refused for where its referral stands or whose it is.
bool IsMismatchedStep(const journal::v1::Refused& refused);

// Whether the refusal is for a known id with other content; then its message is
// wanted for OnRefused.
bool IsContentChanged(const journal::v1::Refused& refused);

// The id of the message that a refusal's text names: the first UUID in quotes;
// empty when there is none. The broker writes the text, so it is its word.
std::string MessageIdIn(std::string_view text);

// Counts refusals of each peer and finds: steps again and again that do not match
// the referral; attempts again and again to connect, call or sign; one id with two
// contents. The peer of a refused handshake is whom it claims to be: the finding
// tells the one whose name was used.
//
// Pure: no clock, no disk. Thread-compatible.
class RefusalWatch {
 public:
  explicit RefusalWatch(const Rules& rules) : rules_(rules) {}

  // `known` is the message of IsContentChanged, when it is on the record.
  void OnRefused(const journal::v1::Refused& refused, const std::optional<KnownMessage>& known,
                 uint64_t sequence, int64_t time_us, Conclusions* out);
  // Forgets what is too old to count.
  void OnTime(int64_t now_us);

  void TakeChanges(std::vector<RowChange>* out) { rows_.TakeChanges(out); }
  absl::Status Restore(const std::string& key, const std::string& bytes);

 private:
  void Count(Rule rule, const journal::v1::Refused& refused, uint64_t sequence, int64_t time_us,
             Conclusions* out);
  void RaiseContentChanged(const journal::v1::Refused& refused,
                           const std::optional<KnownMessage>& known, uint64_t sequence,
                           int64_t time_us, Conclusions* out);

  const Rules& rules_;
  Rows<v1::RefusalRow, RowKind::kRefusal> rows_;
  Timers timers_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_REFUSAL_WATCH_H_
