#ifndef WAYSTATION_SERVICES_AUDIT_RULES_FINDING_CHANGE_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_FINDING_CHANGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/audit/rules/rule_table.h"
#include "waystation/audit/v1/finding.pb.h"

// From what a rule concludes to the finding as it is kept. Thread-safe functions.

namespace waystation::audit {

inline constexpr size_t kSequencesMax = 1000;
inline constexpr int kFormerClosingsMax = 16;
inline constexpr size_t kDetailBytesMax = 512;

// What a rule concludes: that something is so, with (more) records that prove it;
// or that it is so no longer. Raising what is open adds to it; raising what is
// closed opens it again; ending what is closed or never was does nothing.
struct FindingChange {
  enum class Kind { kRaise, kEnd };

  Kind kind = Kind::kRaise;
  Rule rule = Rule::kOverdue;
  std::string subject;  // What it is about, e.g. a referral's bytes.
  int64_t time_us = 0;
  std::string referral_id{};
  std::vector<std::string> parties{};
  std::vector<uint64_t> sequences{};
  uint64_t sequence_count = 0;  // 0: as many as `sequences`.
  std::string detail{};         // Of an end: why.
};

// What the rules conclude from one step, in order.
//
// Thread-compatible.
class Conclusions {
 public:
  void Raise(FindingChange change) {
    change.kind = FindingChange::Kind::kRaise;
    changes_.push_back(std::move(change));
  }
  // `sequence` is the record that ended it; 0 where time did.
  void End(Rule rule, std::string subject, int64_t time_us, std::string why, uint64_t sequence) {
    FindingChange change{.kind = FindingChange::Kind::kEnd,
                         .rule = rule,
                         .subject = std::move(subject),
                         .time_us = time_us,
                         .detail = std::move(why)};
    if (sequence != 0) change.sequences.push_back(sequence);
    changes_.push_back(std::move(change));
  }
  std::vector<FindingChange> Take() { return std::exchange(changes_, {}); }

 private:
  std::vector<FindingChange> changes_;
};

// The id of the finding of a rule about a subject.
std::string FindingId(Rule rule, std::string_view subject);

// Brings a finding up to date; an empty one is a new one. True when it changed.
bool ApplyChange(const Rules& rules, const FindingChange& change, v1::Finding* finding);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_FINDING_CHANGE_H_
