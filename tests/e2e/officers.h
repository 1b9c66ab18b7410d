#ifndef WAYSTATION_TESTS_E2E_OFFICERS_H_
#define WAYSTATION_TESTS_E2E_OFFICERS_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/test_bus.h"
#include "waystation/doj/v1/doj_service.grpc.pb.h"
#include "waystation/ins/v1/ins_service.grpc.pb.h"

namespace waystation::harness {

// Officers of DOJ and INS at work on invented cases, each over a connection of
// their own to their agency's service. A call whose outcome is unknown, because
// the service was killed, is made again with the same request_id until it is
// answered: whatever became of it, it must take effect once.
//
//   Officers officers(bus);
//   std::string referral = officers.File("agent-1101", "CASE-1");
//
// A refusal ends the test program, with the step that was refused. Thread-safe.
class Officers {
 public:
  // Both agencies must run.
  explicit Officers(TestBus& bus);

  // Intake, finding, the first `duties_max` duties and petition of one officer;
  // returns the referral.
  std::string File(const std::string& staff_id, const std::string& case_number,
                   size_t duties_max = 100);
  // Takes up and decides, by two officials.
  void Grant(const std::string& referral_id);
  void Deny(const std::string& referral_id);

  // Waits until INS has the referral in that state, DOJ in that end with its
  // outcome.
  ins::v1::Petition AwaitAtIns(const std::string& referral_id, types::v1::ReferralState state);
  doj::v1::Petition AwaitAtDoj(const std::string& referral_id, types::v1::ReferralState state);

  // What each service has, over all pages; intakes with findings and duties.
  std::vector<doj::v1::Intake> Intakes();
  std::vector<doj::v1::Petition> DojPetitions();
  std::vector<ins::v1::Petition> InsPetitions();
  std::vector<ins::v1::Presence> Presences();

  // The officers' calls to one agency until now.
  struct Calls {
    std::atomic<int> under_way = 0;
    std::atomic<int> answered = 0;
    std::atomic<int> cut_off = 0;  // Outcome unknown: made again.
  };
  const Calls& calls(std::string_view agency) const { return calls_.find(agency)->second; }

 private:
  struct Desk {
    Calls* calls = nullptr;
    std::shared_ptr<grpc::Channel> channel;
    std::string unit;
    std::tuple<std::unique_ptr<doj::v1::DojService::Stub>,
               std::unique_ptr<ins::v1::InsService::Stub>>
        stubs;
  };

  const Desk& At(const std::string& staff_id) const { return desks_.at(staff_id); }
  template <typename Stub, typename Request, typename Response>
  static absl::StatusOr<Response> Ask(const Desk& desk,
                                      grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                                      const Request& request);
  template <typename Item, typename Stub, typename Request, typename Response, typename Items>
  std::vector<Item> AllPages(const std::string& staff_id,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                             Request request, const Items& items);
  ins::v1::Petition TakeUp(const Desk& desk, const std::string& referral_id);
  void Decide(const std::string& referral_id, const ins::v1::DecisionTerms& terms);
  void RecordDuties(const Desk& desk, const std::string& person,
                    const std::vector<doj::v1::DutyKind>& kinds);

  std::map<std::string, Calls, std::less<>> calls_;  // By agency.
  std::map<std::string, Desk> desks_;
};

// Whether DOJ has the end of a petition and the message that says which. It may
// know the end from the ledger before.
bool HasOutcome(const doj::v1::Petition& petition);

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_E2E_OFFICERS_H_
