#ifndef WAYSTATION_TESTS_FAULT_CASEWORK_FIXTURE_H_
#define WAYSTATION_TESTS_FAULT_CASEWORK_FIXTURE_H_

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/e2e/officers.h"
#include "tests/fault/casework.h"
#include "tests/fault/record_fold.h"
#include "tests/harness/test_bus.h"

namespace waystation::harness {

// A bus of DOJ, INS and the auditor under `Casework`, while something breaks. At the
// end the officers' own list of what was acknowledged, both services and the record
// must tell one story.
class CaseworkTest : public testing::Test {
 protected:
  using Fate = Casework::Fate;

  CaseworkTest();

  // Nothing is under way any more: DOJ has every end, and the queues are empty.
  void AwaitRest();
  // The auditor knows what each petition is for, the last that DOJ tells him of one.
  void AwaitMemos(const std::map<std::string, Fate>& filed);
  // Each acknowledged petition stands on both sides, once, with one end.
  void CheckPetitions(const std::map<std::string, Fate>& filed);
  // One presence for each grant, the one that the decision names.
  void CheckPresences(const std::map<std::string, Fate>& filed);
  // What stays at DOJ: one person for each petition, one finding, one duty.
  void CheckPeople(size_t petitions);
  // As many case messages were delivered as were acknowledged.
  void AwaitDelivered(size_t messages);
  // The broker's record tells the same. Returns it.
  RecordFold CheckRecord(const std::map<std::string, Fate>& filed, size_t messages);
  // Every signature of some histories, judged by the auditor's own trust.
  void CheckHistories(const std::map<std::string, Fate>& filed);

  std::mt19937_64 random_;
  TestBus bus_;
  std::unique_ptr<Officers> officers_;

 private:
  size_t CountProcedures();
  RecordFold ReadRecord();
  static void CheckPetition(Fate fate, const doj::v1::Petition& doj, const ins::v1::Petition& ins);

  std::map<std::string, ins::v1::ContinuedPresenceDecision> decisions_;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_FAULT_CASEWORK_FIXTURE_H_
