#ifndef WAYSTATION_TOOLS_WAYSTATION_INJECT_FAULT_H_
#define WAYSTATION_TOOLS_WAYSTATION_INJECT_FAULT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/evidence/signer.h"
#include "common/handoffs/compare.h"
#include "tools/waystation/inject/clean_set.h"

namespace waystation::cli {

enum class FaultKind { kDropped, kDoubled, kAltered, kReordered, kBackdated, kForgedReceipt };
// In whose word it is planted.
enum class FaultParty { kSender, kReceiver, kLog };

std::string_view NameOf(FaultKind kind);
std::string_view NameOf(FaultParty party);

// The kinds and parties that there are: each row is planted.
const std::vector<std::pair<FaultKind, FaultParty>>& FaultTable();

// One fault, chosen and not planted yet.
struct Fault {
  FaultKind kind;
  FaultParty party;
  std::string agency;  // Whose index; "" for the log.
  // Messages that it concerns: one; two of one ordering; those of a batch.
  std::vector<std::string> message_ids;
  std::optional<size_t> batch_record;  // Place in the clean records, when it is a batch's.
  uint64_t random = 0;                 // For what else has to be chosen.

  // What must be found: of a reordering both in one difference, else one for each.
  handoffs::DifferenceKind wanted() const;
};

// Chooses faults in a clean set, by one generator.
//
// Single-threaded: who chooses.
class FaultChooser {
 public:
  explicit FaultChooser(const CleanSet& clean);

  // Nothing when the set has no place for such a fault, e.g. no ordering of two.
  std::optional<Fault> Choose(FaultKind kind, FaultParty party, std::mt19937_64& random) const;

 private:
  // A message as one agency has it.
  struct Place {
    std::string agency;
    std::string message_id;
  };

  const CleanSet& clean_;
  std::vector<Place> sent_;
  std::vector<Place> received_;
  // Messages of one ordering, two or more, as an agency has them.
  std::vector<std::vector<Place>> sent_orders_;
  std::vector<std::vector<Place>> received_orders_;
};

// Keys of every agency: a forger has one too, though not the right one.
using Signers = std::map<std::string, evidence::Signer>;

// Plants the fault in `testimony`, which holds all that is said of its messages.
void Plant(const Fault& fault, const CleanSet& clean, const Signers& signers, Testimony& testimony);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_INJECT_FAULT_H_
