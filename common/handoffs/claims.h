#ifndef WAYSTATION_COMMON_HANDOFFS_CLAIMS_H_
#define WAYSTATION_COMMON_HANDOFFS_CLAIMS_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/handoffs/compare.h"
#include "common/handoffs/log.h"
#include "waystation/audit/v1/index_service.pb.h"

// What everybody says of one message, and the judgement of it. Private to
// `Compare`.

namespace waystation::handoffs {

// An index entry and whose it is.
struct Claim {
  const std::string* agency;
  const audit::v1::HandoffEntry* entry;
};

// What the indexes say of one message; pointers into them.
struct Claims {
  std::vector<Claim> sent;
  std::vector<Claim> received;
};

// Judges messages one by one, and gathers what only a whole ordering can tell.
//
// Single-threaded: `Compare`.
class Judgement {
 public:
  Judgement(const std::vector<AgencyIndex>& indexes, const Asked& asked);

  // `logged` is null when the log does not have it.
  void Judge(const std::string& id, const Claims& claims, const Handoff* logged);
  // After the last message.
  void JudgeOrders();

  std::vector<Difference> Take() { return std::move(found_); }

 private:
  // A message's place in one ordering, by the log and by an agency.
  struct Place {
    std::string id;
    uint64_t logged = 0;
    uint64_t claimed = 0;
  };
  using Ordering = std::pair<std::string, std::string>;  // Sender and key.

  void Add(DifferenceKind kind, const std::string& id, std::vector<Said> said);
  bool Has(std::string_view agency) const { return agencies_.contains(agency); }
  void JudgeDoubled(const std::string& id, const Claims& claims, const Handoff* logged);
  // Whether it was; then nothing else is told.
  bool JudgeAltered(const std::string& id, const Claims& claims, const Handoff& logged);
  void JudgeUnaccepted(const std::string& id, const Claims& claims, const Handoff* logged);
  void JudgeSender(const std::string& id, const Claims& claims, const Handoff& logged);
  void JudgeCustody(const std::string& id, const Claim& sent, const Handoff& logged);
  void AddWentBack(const std::string& id, const Handoff& logged);
  void JudgeStrangers(const std::string& id, const Claims& claims, const Handoff& logged);
  void JudgeReceiver(const std::string& id, const std::string& receiver, const Claim* claim,
                     const Handoff& logged);
  void JudgeReceipt(const std::string& id, const Claim& claim, const LoggedReceipt& receipt);
  void NoteReceived(const std::string& id, const Claim& claim, const Handoff& logged);
  void AddReordered(std::vector<Place> places, const std::string& party);
  void JudgeCustodyOrder(const Ordering& ordering, std::vector<Place>& places);

  const Asked& asked_;
  std::map<std::string, bool, std::less<>> agencies_;
  // Custody that names another sequence than the log's.
  std::map<Ordering, std::vector<Place>> moved_;
  // By receiver: places in its inbox of each ordering.
  std::map<std::pair<std::string, Ordering>, std::vector<Place>> inboxes_;
  std::map<std::vector<std::string>, size_t> reordered_;  // Place in `found_`.
  std::vector<Difference> found_;
};

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_CLAIMS_H_
