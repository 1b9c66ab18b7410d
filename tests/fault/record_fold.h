#ifndef WAYSTATION_TESTS_FAULT_RECORD_FOLD_H_
#define WAYSTATION_TESTS_FAULT_RECORD_FOLD_H_

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::harness {

// The record of a bus of cases, folded by a reader that shares no code with the
// broker, and held against what the bus promises: sequences without gap, each
// message accepted once and delivered once, order per key kept, each referral
// one version further with each step, nothing expired and no dead letter.
//
//   RecordFold fold;
//   for (const auto& record : ReadRecords(bus, 1, last)) fold.Take(record);
//   for (const std::string& problem : fold.problems()) ADD_FAILURE() << problem;
//
// Knows only steps of a referral and memos, with one recipient. Single-threaded: the
// test.
class RecordFold {
 public:
  void Take(const journal::v1::Record& record);

  // What does not hold, the first hundred.
  const std::vector<std::string>& problems() const { return problems_; }

  uint64_t last_sequence() const { return last_sequence_; }
  // Steps of each referral in the order of the record.
  const std::map<std::string, std::vector<types::v1::Transition>>& steps() const { return steps_; }
  size_t accepted() const { return accepted_.cases; }
  size_t delivered() const { return delivered_.cases; }
  // Those to the auditor; what he says himself is not counted.
  size_t accepted_memos() const { return accepted_.memos; }
  size_t delivered_memos() const { return delivered_.memos; }
  // Leases beyond the first of a message.
  size_t redelivered() const { return redelivered_; }
  // Refusals by stage and reason.
  const std::map<std::string, uint64_t>& refusals() const { return refusals_; }
  // For each epoch but the first: messages that were accepted and not delivered
  // when the broker before it was killed.
  const std::vector<size_t>& under_way_at_kills() const { return under_way_at_kills_; }

 private:
  struct Message {
    std::string referral_id;
    std::string queue;
    std::string line;  // Queue, sender and ordering key.
    types::v1::Transition transition = types::v1::TRANSITION_UNSPECIFIED;
    int leases = 0;
    bool delivered = false;

    bool is_memo() const { return referral_id.empty(); }
  };
  struct Count {
    size_t cases = 0;
    size_t memos = 0;
    size_t others = 0;

    void Add(const Message& message) {
      const bool other = message.is_memo() && !message.queue.ends_with("auditor");
      ++(other ? others : message.is_memo() ? memos : cases);
    }
    size_t all() const { return cases + memos + others; }
  };

  void TakeAccepted(uint64_t sequence, const journal::v1::Accepted& accepted);
  void TakeLeased(const journal::v1::Leased& leased);
  void TakeDelivered(const journal::v1::Delivered& delivered);
  void TakeGivenBack(const journal::v1::GivenBack& given_back);
  // The message if it may move now: known, of that queue, not delivered, and
  // nothing of its key before it. Else null, and a problem.
  Message* Movable(std::string_view step, const std::string& queue, uint64_t sequence);
  void Step(const std::string& referral_id, types::v1::Transition transition,
            uint64_t expected_version);
  void Check(bool holds, std::string problem);

  uint64_t last_sequence_ = 0;
  std::set<std::string> ids_;
  std::map<uint64_t, Message> messages_;  // By sequence.
  std::map<std::string, std::deque<uint64_t>> lines_;
  std::map<std::string, std::vector<types::v1::Transition>> steps_;
  std::map<std::string, uint64_t> refusals_;
  std::vector<size_t> under_way_at_kills_;
  std::vector<std::string> problems_;
  Count accepted_;
  Count delivered_;
  size_t redelivered_ = 0;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_FAULT_RECORD_FOLD_H_
