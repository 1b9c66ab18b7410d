#ifndef WAYSTATION_COMMON_HANDOFFS_TEST_LOG_H_
#define WAYSTATION_COMMON_HANDOFFS_TEST_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/evidence/signer.h"
#include "common/evidence/test_bus.h"
#include "common/handoffs/compare.h"
#include "common/handoffs/log.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::handoffs {

// DOJ, INS and HHS on a bus that is nothing but its record, with real keys, for
// tests: each call appends what an honest broker would, and writes what honest
// agencies would into their indexes. A failure of its own ends the test program.
//
//   TestLog world;
//   std::string id = world.Send("doj", "ins", referral, TRANSITION_REQUEST);
//   world.Receive(id);
//   EXPECT_THAT(world.Differences(), IsEmpty());
//
// Single-threaded: the test.
class TestLog {
 public:
  static constexpr int64_t kStartS = 1'003'156'200;  // 2001-10-15 14:30:00 UTC, a Monday.

  explicit TestLog(absl::Time start = absl::FromUnixSeconds(kStartS));

  static std::string IdentityOf(std::string_view agency);
  // Moves the journal's time on.
  void Pass(absl::Duration time) { now_ += time; }
  absl::Time now() const { return now_; }

  struct Options {
    std::optional<absl::Time> due;
    std::string parent;
  };
  // Accepts a message of a referral; returns its id.
  std::string Send(const std::string& from, const std::string& to, const std::string& referral,
                   types::v1::Transition transition, const Options& options);
  std::string Send(const std::string& from, const std::string& to, const std::string& referral,
                   types::v1::Transition transition) {
    return Send(from, to, referral, transition, Options());
  }
  // Leases it and acknowledges it.
  void Receive(const std::string& id,
               bus::v1::DeliveryOutcome outcome = bus::v1::DELIVERY_OUTCOME_APPLIED);
  // A referral from request to answer; returns the ids of its three messages.
  std::vector<std::string> Answered(const std::string& from, const std::string& to,
                                    const std::string& referral);

  // To spoil: what each party says.
  std::vector<journal::v1::Record>& records() { return records_; }
  std::vector<audit::v1::HandoffEntry>& index(const std::string& agency) {
    return indexes_[IdentityOf(agency)];
  }
  audit::v1::HandoffEntry& Sent(const std::string& agency, const std::string& id);
  audit::v1::HandoffEntry& Received(const std::string& agency, const std::string& id);
  journal::v1::Record& AcceptedOf(const std::string& id);
  journal::v1::Record& DeliveredOf(const std::string& id);
  void Append(journal::v1::Record record);
  const evidence::Signer& signer(const std::string& agency) const {
    return signers_.at(IdentityOf(agency));
  }

  const std::map<std::string, evidence::Signer>& signers() const { return signers_; }
  const evidence::TestBus& bus() const { return bus_; }
  std::vector<AgencyIndex> Indexes() const;

  // The record, folded with every signature judged.
  HandoffLog Fold();
  std::vector<Difference> Compared(const Asked& asked = {});
  // "<kind> <message id>[,<message id>]" each.
  std::vector<std::string> Differences(const Asked& asked = {});

 private:
  struct Message {
    std::string from;
    std::string to;
    std::string envelope_hash;
    uint64_t sequence = 0;
  };

  journal::v1::Record& Add();
  audit::v1::HandoffEntry& AddEntry(const std::string& agency, const std::string& id,
                                    const std::string& peer, bool received);

  evidence::TestBus bus_;
  std::map<std::string, evidence::Signer> signers_;
  absl::Time now_;
  uint64_t messages_sent_ = 0;
  std::vector<journal::v1::Record> records_;
  std::map<std::string, std::vector<audit::v1::HandoffEntry>> indexes_;
  std::map<std::string, Message> messages_;
};

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_TEST_LOG_H_
