#include "common/handoffs/claims.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/handoffs/times.h"
#include "common/status/status.h"

namespace waystation::handoffs {
namespace {

using audit::v1::HandoffEntry;
using bus::v1::DeliveryOutcome;

constexpr char kLog[] = "log";

std::string TimeWords(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E6SZ", time, absl::UTCTimeZone());
}

std::string HashWords(std::string_view hash) { return crypto::Hex(hash).substr(0, 16); }

// The receiver's own store had it already, or has it now: both say that the effect
// is there.
bool SameOutcome(DeliveryOutcome a, DeliveryOutcome b) {
  auto quarantined = [](DeliveryOutcome o) { return o == bus::v1::DELIVERY_OUTCOME_QUARANTINED; };
  return quarantined(a) == quarantined(b);
}

std::string OutcomeWords(DeliveryOutcome outcome) {
  return outcome == bus::v1::DELIVERY_OUTCOME_QUARANTINED ? "quarantined" : "applied";
}

std::string SaidOf(const HandoffEntry& entry) {
  switch (entry.state_case()) {
    case HandoffEntry::kWaiting:
      return "sent, waits for its answer";
    case HandoffEntry::kAccepted:
      return absl::StrCat("accepted as record ", entry.accepted().sequence(), " at ",
                          TimeWords(ToTime(entry.accepted().accept_time())));
    case HandoffEntry::kRefused:
      return absl::StrCat("refused: ", entry.refused().reason());
    case HandoffEntry::kReceived:
      return absl::StrCat(OutcomeWords(entry.received().outcome()), " at ",
                          TimeWords(ToTime(entry.time())));
    case HandoffEntry::STATE_NOT_SET:
      break;
  }
  return "nothing";
}

Said SaidBy(const Claim& claim) { return {*claim.agency, SaidOf(*claim.entry)}; }

std::string AcceptedWords(const Handoff& logged) {
  const Acceptance& first = logged.acceptances.front();
  return absl::StrCat("accepted as record ", first.sequence, " at ", TimeWords(first.time));
}

std::string ReceiptWords(const LoggedReceipt& receipt) {
  return absl::StrCat("receipt in record ", receipt.sequence, ": ", OutcomeWords(receipt.outcome),
                      " at ", TimeWords(receipt.time),
                      receipt.problem.empty() ? "" : ", which does not hold: ", receipt.problem);
}

const Claim* ClaimOf(const std::vector<Claim>& claims, std::string_view agency) {
  auto found = std::find_if(claims.begin(), claims.end(),
                            [&](const Claim& claim) { return *claim.agency == agency; });
  return found == claims.end() ? nullptr : &*found;
}

// How often each agency says it, where that is more than once.
void AddDoubled(const std::vector<Claim>& claims, std::string_view what, std::vector<Said>& said) {
  std::map<std::string_view, int> count;
  for (const Claim& claim : claims) ++count[*claim.agency];
  for (const auto& [agency, times] : count) {
    if (times > 1)
      said.push_back({std::string(agency), absl::StrCat(Absl(what), " ", times, " times")});
  }
}

}  // namespace

Judgement::Judgement(const std::vector<AgencyIndex>& indexes, const Asked& asked) : asked_(asked) {
  for (const AgencyIndex& index : indexes) agencies_[index.agency] = true;
}

void Judgement::Add(DifferenceKind kind, const std::string& id, std::vector<Said> said) {
  found_.push_back({kind, {id}, std::move(said)});
}

void Judgement::Judge(const std::string& id, const Claims& claims, const Handoff* logged) {
  JudgeDoubled(id, claims, logged);
  if (logged == nullptr || logged->acceptances.empty()) return JudgeUnaccepted(id, claims, logged);
  if (JudgeAltered(id, claims, *logged)) return;
  JudgeSender(id, claims, *logged);
  JudgeStrangers(id, claims, *logged);
  for (const auto& [receiver, delivery] : logged->deliveries) {
    JudgeReceiver(id, receiver, ClaimOf(claims.received, receiver), *logged);
  }
}

void Judgement::JudgeDoubled(const std::string& id, const Claims& claims, const Handoff* logged) {
  std::vector<Said> said;
  AddDoubled(claims.sent, "sent", said);
  AddDoubled(claims.received, "received", said);
  if (logged != nullptr && logged->acceptances.size() > 1) {
    std::string records;
    for (const Acceptance& each : logged->acceptances) {
      absl::StrAppend(&records, records.empty() ? "" : " and ", each.sequence);
    }
    said.push_back({kLog, absl::StrCat("accepted as records ", records)});
  }
  if (logged != nullptr) {
    for (const auto& [receiver, delivery] : logged->deliveries) {
      if (delivery.receipts.size() < 2) continue;
      said.push_back(
          {kLog, absl::StrCat("receipts in records ", delivery.receipts[0].sequence, " and ",
                              delivery.receipts[1].sequence, " of ", receiver)});
    }
  }
  if (!said.empty()) Add(DifferenceKind::kDoubled, id, std::move(said));
}

bool Judgement::JudgeAltered(const std::string& id, const Claims& claims, const Handoff& logged) {
  const Acceptance& accepted = logged.acceptances.front();
  std::vector<Said> said = {{kLog, "envelope " + HashWords(accepted.envelope_hash)}};
  if (accepted.recorded_hash != accepted.envelope_hash) {
    said.push_back({kLog, "but records envelope " + HashWords(accepted.recorded_hash)});
  }
  for (const auto* list : {&claims.sent, &claims.received}) {
    for (const Claim& claim : *list) {
      if (claim.entry->envelope_hash() == accepted.envelope_hash) continue;
      said.push_back({*claim.agency, "envelope " + HashWords(claim.entry->envelope_hash())});
    }
  }
  for (const auto& [receiver, delivery] : logged.deliveries) {
    for (const LoggedReceipt& receipt : delivery.receipts) {
      if (!receipt.problem.empty() || receipt.envelope_hash == accepted.envelope_hash) continue;
      said.push_back({receiver, absl::StrCat("envelope ", HashWords(receipt.envelope_hash),
                                             " in its receipt, record ", receipt.sequence)});
    }
  }
  if (said.size() == 1) return false;
  Add(DifferenceKind::kAltered, id, std::move(said));
  return true;
}

// The log has not accepted it, whatever else it has.
void Judgement::JudgeUnaccepted(const std::string& id, const Claims& claims,
                                const Handoff* logged) {
  std::vector<Said> said;
  for (const Claim& claim : claims.sent) said.push_back(SaidBy(claim));
  for (const Claim& claim : claims.received) said.push_back(SaidBy(claim));
  said.push_back({kLog, "never accepted it"});
  bool has_receipt = false;
  if (logged != nullptr) {
    for (const auto& [receiver, delivery] : logged->deliveries) {
      for (const LoggedReceipt& receipt : delivery.receipts) {
        if (receipt.sequence > asked_.until_sequence) continue;
        has_receipt = true;
        said.push_back({kLog, ReceiptWords(receipt) + ", of " + receiver});
      }
    }
  }
  const bool custody = std::any_of(claims.sent.begin(), claims.sent.end(),
                                   [](const Claim& c) { return c.entry->has_accepted(); });
  const bool arrived = !claims.received.empty() || has_receipt;
  if (custody || (arrived && !claims.sent.empty())) {
    Add(DifferenceKind::kMissingAtBroker, id, std::move(said));
  } else if (arrived) {
    Add(DifferenceKind::kExtra, id, std::move(said));
  }
}

void Judgement::JudgeSender(const std::string& id, const Claims& claims, const Handoff& logged) {
  const Acceptance& accepted = logged.acceptances.front();
  if (!Has(logged.sender)) {
    // Nobody is asked; the log speaks against itself.
    if (accepted.before_the_one_before) AddWentBack(id, logged);
    return;
  }
  const Claim* sent = ClaimOf(claims.sent, logged.sender);
  if (sent != nullptr && sent->entry->has_accepted()) return JudgeCustody(id, *sent, logged);
  if (accepted.sequence > asked_.until_sequence) return;
  Said said = sent == nullptr ? Said{logged.sender, "nothing"} : SaidBy(*sent);
  Add(DifferenceKind::kMissingAtSender, id, {std::move(said), {kLog, AcceptedWords(logged)}});
}

void Judgement::JudgeCustody(const std::string& id, const Claim& sent, const Handoff& logged) {
  const Acceptance& accepted = logged.acceptances.front();
  const audit::v1::HandoffAccepted& custody = sent.entry->accepted();
  const std::vector<Said> said = {SaidBy(sent), {kLog, AcceptedWords(logged)}};
  if (custody.sequence() != accepted.sequence && !logged.ordering_key.empty()) {
    // Alone it is another place; with another of its ordering it may be another order.
    moved_[{logged.sender, logged.ordering_key}].push_back(
        {id, accepted.sequence, custody.sequence()});
    return;
  }
  if (custody.sequence() != accepted.sequence || ToTime(custody.accept_time()) != accepted.time) {
    return Add(DifferenceKind::kBackdated, id, said);
  }
  if (accepted.before_the_one_before) AddWentBack(id, logged);
}

void Judgement::AddWentBack(const std::string& id, const Handoff& logged) {
  Add(DifferenceKind::kBackdated, id,
      {{kLog, AcceptedWords(logged) + ", earlier than the record before"}});
}

// Agencies that say they sent or received what the log has from or for others.
void Judgement::JudgeStrangers(const std::string& id, const Claims& claims, const Handoff& logged) {
  std::vector<Said> said;
  for (const Claim& claim : claims.sent) {
    if (*claim.agency != logged.sender) said.push_back(SaidBy(claim));
  }
  for (const Claim& claim : claims.received) {
    if (!logged.deliveries.contains(*claim.agency)) said.push_back(SaidBy(claim));
  }
  if (said.empty()) return;
  said.push_back({kLog, absl::StrCat("from ", logged.sender, ", ", AcceptedWords(logged))});
  Add(DifferenceKind::kExtra, id, std::move(said));
}

void Judgement::JudgeReceiver(const std::string& id, const std::string& receiver,
                              const Claim* claim, const Handoff& logged) {
  const Delivery& delivery = logged.deliveries.find(receiver)->second;
  const bool addressed = std::find(logged.recipients.begin(), logged.recipients.end(), receiver) !=
                         logged.recipients.end();
  if (claim != nullptr) NoteReceived(id, *claim, logged);
  if (delivery.receipts.empty()) {
    if (claim == nullptr) return;
    return Add(DifferenceKind::kMissingAtBroker, id, {SaidBy(*claim), {kLog, "no receipt"}});
  }
  const LoggedReceipt& receipt = delivery.receipts.front();
  const std::vector<Said> said = {claim == nullptr ? Said{receiver, "nothing"} : SaidBy(*claim),
                                  {kLog, ReceiptWords(receipt)}};
  if (!receipt.problem.empty()) return Add(DifferenceKind::kForgedReceipt, id, said);
  if (!addressed || receipt.acknowledges != logged.acceptances.front().sequence) {
    return Add(
        DifferenceKind::kForgedReceipt, id,
        {said[0],
         said[1],
         {kLog, absl::StrCat("for record ", receipt.acknowledges, "; ", AcceptedWords(logged))}});
  }
  if (!Has(receiver)) return;
  if (claim != nullptr) return JudgeReceipt(id, *claim, receipt);
  if (receipt.sequence <= asked_.until_sequence) {
    Add(DifferenceKind::kMissingAtReceiver, id, said);
  }
}

void Judgement::JudgeReceipt(const std::string& id, const Claim& claim,
                             const LoggedReceipt& receipt) {
  const audit::v1::HandoffReceived& received = claim.entry->received();
  const std::vector<Said> said = {SaidBy(claim), {kLog, ReceiptWords(receipt)}};
  if (!SameOutcome(received.outcome(), receipt.outcome)) {
    Add(DifferenceKind::kForgedReceipt, id, said);
  } else if (ToTime(claim.entry->time()) != receipt.time) {
    Add(DifferenceKind::kBackdated, id, said);
  }
}

void Judgement::NoteReceived(const std::string& id, const Claim& claim, const Handoff& logged) {
  // A dead letter that came again had lost its place.
  const Delivery& delivery = logged.deliveries.find(*claim.agency)->second;
  if (logged.ordering_key.empty() || delivery.redriven > 0 || delivery.dead_letter) return;
  inboxes_[{*claim.agency, {logged.sender, logged.ordering_key}}].push_back(
      {id, logged.acceptances.front().sequence, claim.entry->position()});
}

// `places` are of one ordering; tells of those that are not where the log has them.
void Judgement::AddReordered(std::vector<Place> places, const std::string& party) {
  auto by_log = [](const Place& a, const Place& b) { return a.logged < b.logged; };
  auto by_claim = [](const Place& a, const Place& b) { return a.claimed < b.claimed; };
  std::sort(places.begin(), places.end(), by_log);
  std::vector<Place> claimed = places;
  std::stable_sort(claimed.begin(), claimed.end(), by_claim);
  std::vector<std::string> ids;
  std::string logged_order;
  std::string claimed_order;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].id == claimed[i].id) continue;
    ids.push_back(places[i].id);
    absl::StrAppend(&logged_order, logged_order.empty() ? "" : ", ", places[i].id);
    absl::StrAppend(&claimed_order, claimed_order.empty() ? "" : ", ", claimed[i].id);
  }
  if (ids.empty()) return;
  auto [at, fresh] = reordered_.emplace(ids, found_.size());
  if (fresh) found_.push_back({DifferenceKind::kReordered, ids, {{kLog, logged_order}}});
  found_[at->second].said.push_back({party, claimed_order});
}

void Judgement::JudgeCustodyOrder(const Ordering& ordering, std::vector<Place>& places) {
  std::set<uint64_t> logged;
  std::set<uint64_t> claimed;
  for (const Place& place : places) {
    logged.insert(place.logged);
    claimed.insert(place.claimed);
  }
  if (logged == claimed) return AddReordered(places, ordering.first);
  for (const Place& place : places) {
    Add(DifferenceKind::kBackdated, place.id,
        {{ordering.first, absl::StrCat("accepted as record ", place.claimed)},
         {kLog, absl::StrCat("accepted as record ", place.logged)}});
  }
}

void Judgement::JudgeOrders() {
  for (auto& [ordering, places] : moved_) JudgeCustodyOrder(ordering, places);
  for (const auto& [inbox, places] : inboxes_) AddReordered(places, inbox.first);
}

}  // namespace waystation::handoffs
