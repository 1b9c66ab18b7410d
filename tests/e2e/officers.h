#ifndef WAYSTATION_TESTS_E2E_OFFICERS_H_
#define WAYSTATION_TESTS_E2E_OFFICERS_H_

#include <map>
#include <memory>
#include <string>
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

  // Intake, finding, duties and petition of one officer; returns the referral.
  std::string File(const std::string& staff_id, const std::string& case_number);
  // Takes up and grants, by two officials.
  void Grant(const std::string& referral_id);

  // Waits until the service has the referral in that state.
  ins::v1::Petition AwaitAtIns(const std::string& referral_id, types::v1::ReferralState state);
  doj::v1::Petition AwaitAtDoj(const std::string& referral_id, types::v1::ReferralState state);

  // What each service has, over all pages.
  std::vector<doj::v1::Petition> DojPetitions();
  std::vector<ins::v1::Petition> InsPetitions();
  std::vector<ins::v1::Presence> Presences();

 private:
  struct Desk {
    std::shared_ptr<grpc::Channel> channel;
    std::string unit;
    std::unique_ptr<doj::v1::DojService::Stub> doj;
    std::unique_ptr<ins::v1::InsService::Stub> ins;
  };

  const Desk& At(const std::string& staff_id) const { return desks_.at(staff_id); }
  ins::v1::Petition TakeUp(const std::string& staff_id, const std::string& referral_id);
  void RecordDuties(const Desk& desk, const std::string& person,
                    const std::vector<doj::v1::DutyKind>& kinds);

  TestBus& bus_;
  std::map<std::string, Desk> desks_;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_E2E_OFFICERS_H_
