#ifndef WAYSTATION_SERVICES_BROKER_CORE_CORE_HISTORY_H_
#define WAYSTATION_SERVICES_BROKER_CORE_CORE_HISTORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "services/broker/core/decide.h"
#include "services/broker/core/naive_bus.h"

namespace waystation::broker {

using journal::v1::Record;

inline const std::vector<std::string> kAgencies = {"doj", "hhs", "ins", "lea"};

// A message that was published, with its exact bytes, for duplicates.
struct Sent {
  bus::v1::Header header;
  std::string bytes;
  std::optional<ReferralId> parent;
  std::optional<ReferralId> replaces;
};

// Random histories: the core and a naive model take the same commands, and after
// each of them must say and hold the same. One history from one seed.
//
//   CoreHistory(seed).Run();
//
// What differs is a failure of the running test.
// Single-threaded: the test.
class CoreHistory {
 public:
  explicit CoreHistory(uint64_t seed);

  void Run();

  // How often each outcome came, so that a history that tries nothing is seen.
  const std::map<std::string, int>& outcomes() const { return outcomes_; }

 private:
  uint64_t Below(uint64_t count) { return random_() % count; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <typename T>
  const T& Any(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  MessageId AnyId();
  void Note(const std::string& what, const std::string& outcome);
  void Same(const std::string& what, const std::string& core, const std::string& naive);
  static std::string Text(const absl::Status& status);
  void Follow(Record record);
  void Command();

  // --- Publishing.

  bus::v1::Header Start(const std::string& source);
  void AddRecipients(bus::v1::Header& header, uint64_t count);
  Sent Plain();
  const NaiveReferral* AnyReferral();
  Sent RequestMessage();
  Transition AnyTransition(const NaiveReferral& referral, bool by_target);
  Sent StepMessage();
  void Publish(Sent sent);
  // The same bytes again, or others under the same id.
  void Again();
  std::string TryPublish(const Sent& sent);
  std::string Decide(const PublishCommand& command, const std::string& id, Record& record);

  // --- Delivery.

  void Lease();
  const NaiveMessage* AnyMessage(const std::string& queue, bool leased);
  ReceiptView AnyReceipt(const std::string& queue);
  void Receipts();
  static ClaimedRetries ClaimsOf(const journal::v1::GivenBack& given_back);
  void Nack();
  void Extend();
  void StreamClosed();
  void EpochOpened();
  void Redrive();

  // --- The audit log.

  void Checkpoint();

  // --- Time.

  static std::string FactOf(const Record& record);
  void Tick(size_t count_max);

  // --- Judging.

  void Compare();
  void CompareQueue(const std::string& identity, const DeliveryQueue& queue);
  void CompareReferral(const NaiveReferral& want);
  // The sequencer sleeps until then: it must neither oversleep nor spin.
  void CompareDue();
  std::string Bytes() const { return core_.ToSnapshot().SerializeAsString(); }
  void ExpectFoldAgrees();
  void KeepSnapshot();
  void ExpectSnapshotAndTailAgree();
  // With receivers that take everything, and time, only dead letters stay.
  void Drain();
  bool Drained() const;
  void DrainQueue(const std::string& agency);

  std::mt19937_64 random_;
  int64_t now_us_ = 1'000'000'000'000'000;  // In 2001.
  State core_;
  NaiveBus naive_;
  uint64_t leaves_ = 0;
  uint64_t signed_size_ = 0;
  std::vector<Record> records_;
  std::vector<Sent> sent_;
  std::map<std::string, int> outcomes_;
  std::string snapshot_;
  size_t snapshot_records_ = 0;
  std::vector<Referral> finals_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_CORE_HISTORY_H_
