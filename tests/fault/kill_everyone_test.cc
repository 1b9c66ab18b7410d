#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "tests/fault/casework_fixture.h"

// SIGKILL of the broker and of both services at random moments, twenty times
// each, while officers bring 10,000 messages about. A call that a kill cut off is
// made again with its request_id. At the end the officers' own list of what was
// acknowledged, both services and the record must tell one story.

namespace waystation::harness {
namespace {

constexpr size_t kMessages = 10'000;
constexpr size_t kKillsEach = 20;
constexpr std::array<const char*, 3> kProcesses = {"broker", "doj", "ins"};
constexpr size_t kKills = kKillsEach * kProcesses.size();

class KillEveryoneTest : public CaseworkTest {
 protected:
  void Kill(const std::string& process) {
    if (process == "broker") return bus_.Kill();
    const Officers::Calls& calls = officers_->calls(process);
    hits_[process] += calls.under_way > 0 ? 1 : 0;
    bus_.KillAgency(process);
  }

  void Start(const std::string& process) {
    if (process == "broker") return bus_.Start();
    bus_.StartAgency(process);
  }

  // A random moment in each sixtieth of the work, for each a random process; one
  // time in four the next one dies with it.
  void KillRepeatedly(const Casework& work) {
    std::vector<std::string> order;
    for (const char* process : kProcesses) order.insert(order.end(), kKillsEach, process);
    std::shuffle(order.begin(), order.end(), random_);
    constexpr size_t kSlot = kMessages / kKills;
    for (size_t i = 0; i < order.size();) {
      size_t at = i * kSlot + random_() % kSlot;
      ASSERT_TRUE(Eventually([&] { return work.messages() >= at; }, absl::Seconds(60)))
          << work.messages() << " messages, want " << at;
      // Not a wait for something: the random moment at which it happens.
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 20'000));
      std::set<std::string> dying = {order[i++]};
      if (random_() % 4 == 0 && i < order.size()) i += dying.insert(order[i]).second ? 1 : 0;
      for (const std::string& process : dying) Kill(process);
      for (const std::string& process : dying) Start(process);
    }
  }

  // When the broker was killed.
  void CountHits(const RecordFold& record) {
    const std::vector<size_t>& waiting = record.under_way_at_kills();
    EXPECT_EQ(waiting.size(), kKillsEach);
    hits_["broker"] =
        waiting.size() - static_cast<size_t>(std::count(waiting.begin(), waiting.end(), size_t{0}));
  }

  void Report(const Casework& work, absl::Duration took) {
    std::cout << work.messages() << " messages, " << work.filed().size() << " petitions, " << kKills
              << " kills in " << absl::FormatDuration(took) << std::endl;
    for (const char* process : kProcesses) {
      std::cout << process << ": " << hits_[process] << " of " << kKillsEach << " kills hit "
                << (process == kProcesses[0] ? "messages" : "calls") << " under way";
      if (process != kProcesses[0]) {
        const Officers::Calls& calls = officers_->calls(process);
        std::cout << ", " << calls.cut_off << " of " << calls.cut_off + calls.answered
                  << " cut off and made again";
      }
      std::cout << std::endl;
      EXPECT_GE(hits_[process], kKillsEach / 2) << "the kills miss";
    }
  }

  std::map<std::string, size_t> hits_;
};

TEST_F(KillEveryoneTest, NothingAcknowledgedIsLostNothingAppliedTwiceOrderKept) {
  absl::Duration begin = bus_.clock().Monotonic();
  Casework work(*officers_, {.messages = kMessages, .seed = TestSeed()});
  KillRepeatedly(work);
  work.Finish();
  absl::Duration took = bus_.clock().Monotonic() - begin;
  AwaitMemos(work.filed());
  AwaitRest();
  EXPECT_GE(work.messages(), kMessages);
  CheckPetitions(work.filed());
  CheckPresences(work.filed());
  CheckPeople(work.filed().size());
  CountHits(CheckRecord(work.filed(), work.messages()));
  CheckHistories(work.filed());
  Report(work, took);
}

}  // namespace
}  // namespace waystation::harness
