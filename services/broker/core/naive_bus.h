#ifndef WAYSTATION_SERVICES_BROKER_CORE_NAIVE_BUS_H_
#define WAYSTATION_SERVICES_BROKER_CORE_NAIVE_BUS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/broker/core/decide.h"

// The bus once more, for tests: written from the documents and not from the
// core, in plain lists that are searched from end to end. Slow and simple, so
// that where the two differ the core is the one to doubt first.

namespace waystation::broker {

inline int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1'000;
}

struct NaiveMessage {
  uint64_t sequence = 0;
  MessageId id{};
  crypto::Digest hash{};
  std::string key;
  std::optional<ReferralId> request_of{};
  int64_t not_before_us = 0;
  int64_t expire_us = 0;
  uint64_t bytes = 0;
  uint32_t attempt = 0;
  uint32_t attempt_most = 0;
  bool leased = false;
  bool dead = false;
  bool blocked = false;
  int64_t due_us = 0;  // End of the lease or of the wait; 0 is none.
  std::string reason;
};

struct NaiveReferral {
  ReferralId id{};
  ReferralId root{};
  std::string requester;
  std::string target;
  ReferralState state = types::v1::REFERRAL_STATE_REQUESTED;
  ReferralState former = types::v1::REFERRAL_STATE_UNSPECIFIED;
  uint64_t version = 1;
  uint32_t scope = 1;
  bool scope_unanswered = false;
  int64_t expire_us = 0;
  uint64_t request_sequence = 0;
};

// Times at which the core wants failed messages again, by queue and sequence: the model
// checks that they are within the policy's bounds and goes by them.
using ClaimedRetries = std::map<std::pair<std::string, uint64_t>, int64_t>;

// Outcomes are texts: "OK", or code and reason.
// Thread-compatible.
class NaiveBus {
 public:
  static constexpr uint32_t kAttemptsMax = 3;
  static constexpr int64_t kBackoffMinUs = 100'000;
  static constexpr int64_t kBackoffMaxUs = 300'000;

  explicit NaiveBus(const std::vector<std::string>& identities);

  std::string Publish(const PublishCommand& command, uint64_t sequence, int64_t now_us);
  std::vector<uint64_t> Lease(const LeaseCommand& command, int64_t now_us);
  // "OK <sequence>" or a refusal for each.
  std::vector<std::string> Receipts(const std::string& queue,
                                    const std::vector<ReceiptView>& receipts, int64_t now_us);
  std::string Nack(const std::string& queue, const NackCommand& command,
                   const ClaimedRetries& claimed, int64_t now_us);
  std::string Extend(const std::string& queue, const MessageId& id, uint32_t attempt,
                     int64_t deadline_us);
  void StreamClosed(const std::string& queue, const std::vector<uint64_t>& sequences,
                    int64_t now_us);
  // The facts in order, e.g. "late a 1 2", "gone a 3", "expired 4".
  std::vector<std::string> Tick(const ClaimedRetries& claimed, int64_t now_us, size_t count_max);
  void EpochOpened();
  std::string Redrive(const std::string& queue, const std::vector<MessageId>& ids);

  // When time alone brings something after `now_us`, or at once.
  int64_t NextDueUs(int64_t now_us) const;
  // Where a legal step leads; nothing when the design has no such edge.
  static std::optional<ReferralState> Next(const NaiveReferral& referral, Transition transition,
                                           bool by_target);

  // Each queue in line order: a redriven message goes to the end.
  std::map<std::string, std::vector<NaiveMessage>> queues;
  std::vector<NaiveReferral> referrals;
  std::vector<std::string> complaints;  // Claims of the core that are out of bounds.

 private:
  NaiveMessage* Find(const std::string& queue, const MessageId& id);
  NaiveReferral* FindReferral(const ReferralId& id);
  std::string CheckRequest(const PublishCommand& command);
  std::string CheckLinks(const PublishCommand& command);
  std::string CheckStep(const PublishCommand& command);
  void TakeStep(const PublishCommand& command, uint64_t sequence);
  void Remove(const std::string& queue, uint64_t sequence, int64_t now_us);
  void GiveBack(NaiveMessage& message, const std::string& reason, int64_t retry_us, int64_t now_us);
  int64_t Claimed(const std::string& queue, const NaiveMessage& message,
                  const ClaimedRetries& claimed, int64_t now_us);
  std::string LateLeases(const std::string& queue, const ClaimedRetries& claimed, int64_t now_us,
                         size_t& left);
  // Lets the first of each key through.
  void Settle(const std::string& queue, int64_t now_us);

  std::map<MessageId, crypto::Digest> known_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_NAIVE_BUS_H_
