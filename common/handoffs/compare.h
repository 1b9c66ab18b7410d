#ifndef WAYSTATION_COMMON_HANDOFFS_COMPARE_H_
#define WAYSTATION_COMMON_HANDOFFS_COMPARE_H_

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/handoffs/log.h"
#include "waystation/audit/v1/index_service.pb.h"

namespace waystation::handoffs {

// What is wrong with a handoff.
enum class DifferenceKind {
  kMissingAtBroker,    // An agency has it accepted or received; the log has not.
  kMissingAtSender,    // The log has accepted it; its sender has not sent it, or not so.
  kMissingAtReceiver,  // The log has a receipt that holds; the receiver has no such message.
  kExtra,              // An agency has what is not its own by anybody else's word.
  kAltered,            // Not the same envelope hash everywhere.
  kDoubled,            // Twice where once is right.
  kReordered,          // One ordering, another order.
  kBackdated,          // Another time or place in the log than the other side says.
  kForgedReceipt,      // A receipt that its receiver did not give, or not so.
};

// "missing at the broker", "forged receipt". Thread-safe.
std::string_view NameOf(DifferenceKind kind);

// What one party says of it.
struct Said {
  std::string party;  // An identity, or "log".
  std::string text;
};

// One handoff, or one ordering, on which the parties do not agree.
struct Difference {
  DifferenceKind kind;
  // One, but for kReordered: every message that is not in its place, in the
  // order of the log.
  std::vector<std::string> message_ids;
  std::vector<Said> said;
};

// An agency's index, every page of it verified.
struct AgencyIndex {
  std::string agency;  // Identity.
  std::vector<audit::v1::HandoffEntry> entries;
};

// Which handoffs are asked about.
struct Asked {
  // An index need not have what the log took after this record: it was read
  // before.
  uint64_t until_sequence = std::numeric_limits<uint64_t>::max();
  // Only these messages; null means all.
  const std::set<std::string, std::less<>>* only = nullptr;
};

// Every difference, each once: what follows from it alone (a message with other
// content has other receipts too) is not told besides. Parties without an index
// among `indexes` are not asked.
//
// A message whose answer is on its way is a difference until the answer is there;
// who compares a live bus compares again. Thread-safe.
std::vector<Difference> Compare(const std::vector<AgencyIndex>& indexes, const HandoffLog& log,
                                const Asked& asked = {});

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_COMPARE_H_
