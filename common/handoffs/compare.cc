#include "common/handoffs/compare.h"

#include <map>

#include "common/handoffs/claims.h"

namespace waystation::handoffs {
namespace {

using ClaimsById = std::map<std::string, Claims, std::less<>>;

bool IsAsked(const Asked& asked, std::string_view id) {
  return asked.only == nullptr || asked.only->contains(id);
}

ClaimsById Gather(const std::vector<AgencyIndex>& indexes, const Asked& asked) {
  ClaimsById claims;
  for (const AgencyIndex& index : indexes) {
    for (const audit::v1::HandoffEntry& entry : index.entries) {
      if (!IsAsked(asked, entry.message_id())) continue;
      Claims& of = claims[entry.message_id()];
      (entry.has_received() ? of.received : of.sent).push_back({&index.agency, &entry});
    }
  }
  return claims;
}

}  // namespace

std::string_view NameOf(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kMissingAtBroker:
      return "missing at the broker";
    case DifferenceKind::kMissingAtSender:
      return "missing at the sender";
    case DifferenceKind::kMissingAtReceiver:
      return "missing at the receiver";
    case DifferenceKind::kExtra:
      return "extra";
    case DifferenceKind::kAltered:
      return "altered";
    case DifferenceKind::kDoubled:
      return "doubled";
    case DifferenceKind::kReordered:
      return "reordered";
    case DifferenceKind::kBackdated:
      return "backdated";
    case DifferenceKind::kForgedReceipt:
      return "forged receipt";
  }
  return "unknown";
}

std::vector<Difference> Compare(const std::vector<AgencyIndex>& indexes, const HandoffLog& log,
                                const Asked& asked) {
  ClaimsById claims = Gather(indexes, asked);
  for (const auto& [id, handoff] : log.handoffs()) {
    if (IsAsked(asked, id)) claims[id];
  }
  Judgement judgement(indexes, asked);
  for (const auto& [id, of] : claims) {
    auto logged = log.handoffs().find(id);
    judgement.Judge(id, of, logged == log.handoffs().end() ? nullptr : &logged->second);
  }
  judgement.JudgeOrders();
  return judgement.Take();
}

}  // namespace waystation::handoffs
