#include <atomic>
#include <functional>
#include <iostream>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/e2e/officers.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "tools/waystation/history.h"

// Petitions from end to end: officers, two agencies, the broker, all of them
// real processes; then the same while each of them is killed again and again.

namespace waystation::harness {
namespace {

using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::REFERRAL_STATE_RETURNED;

constexpr int kWorkers = 3;
constexpr int kKills = 24;

class ChainTest : public testing::Test {
 protected:
  ChainTest() {
    bus_.Start();
    bus_.StartAgency("doj");
    bus_.StartAgency("ins");
    officers_ = std::make_unique<Officers>(bus_);
  }

  void CheckGranted(const std::string& referral_id) {
    doj::v1::Petition petition = officers_->AwaitAtDoj(referral_id, REFERRAL_STATE_ANSWERED);
    EXPECT_EQ(petition.decision().outcome(), ins::v1::DECISION_OUTCOME_GRANTED);
    EXPECT_NE(petition.decision().mechanism(), ins::v1::PRESENCE_MECHANISM_UNSPECIFIED);
  }

  // INS's own rules return it, no official has to; both sides tell the law.
  void CheckReturned(const std::string& referral_id) {
    doj::v1::Petition petition = officers_->AwaitAtDoj(referral_id, REFERRAL_STATE_RETURNED);
    EXPECT_EQ(petition.return_reason(), types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW)
        << petition.DebugString();
    EXPECT_NE(petition.return_citation().find("1100.35"), std::string::npos)
        << petition.return_citation();
    officers_->AwaitAtIns(referral_id, REFERRAL_STATE_RETURNED);
  }

  // Every signature of the history, judged by the auditor's own trust.
  void CheckHistory(const std::string& referral_id, types::v1::ReferralState state) {
    auto auditor = bus_.Client(kAuditor);
    auto history = Must(auditor->GetReferralHistory(referral_id), "history");
    auto directory = Must(auditor->GetDirectory(), "directory");
    cli::HistoryVerifier verifier(bus_.directory(), bus_.trust()->Current(),
                                  {cli::DevIdentity(kBroker), directory.bus_id()});
    auto steps = verifier.Verify(history, referral_id);
    EXPECT_TRUE(cli::AllVerified(steps).ok()) << cli::AllVerified(steps);
    EXPECT_GE(steps.size(), 3u);
    EXPECT_EQ(history.referral().state(), state);
  }

  TestBus bus_;
  std::unique_ptr<Officers> officers_;
};

TEST_F(ChainTest, AFederalUnitsPetitionIsGranted) {
  std::string referral = officers_->File("agent-1101", "SYN-1");
  officers_->Grant(referral);
  CheckGranted(referral);
  CheckHistory(referral, REFERRAL_STATE_ANSWERED);
  EXPECT_EQ(officers_->Presences().size(), 1u);
}

TEST_F(ChainTest, AUnitThatMayNotPetitionGetsItBackWithTheCitation) {
  std::string referral = officers_->File("ovc-1201", "SYN-2");
  CheckReturned(referral);
  CheckHistory(referral, REFERRAL_STATE_RETURNED);
  EXPECT_EQ(officers_->Presences().size(), 0u);
}

// What became of the petitions of all workers.
struct Story {
  std::mutex mutex;
  std::vector<std::string> granted;
  std::vector<std::string> returned;
};

void Work(Officers& officers, int worker, const std::atomic<bool>& killing, Story& story) {
  for (int i = 0; i < 2 || killing; ++i) {
    bool grant = (worker + i) % 3 != 0;
    std::string referral =
        officers.File(grant ? "agent-1101" : "ovc-1201", absl::StrCat("SYN-", worker, "-", i));
    if (grant) officers.Grant(referral);
    std::lock_guard<std::mutex> lock(story.mutex);
    (grant ? story.granted : story.returned).push_back(referral);
  }
}

TEST_F(ChainTest, KilledProcessesChangeNothingOfTheStory) {
  std::mt19937_64 random(TestSeed());
  Story story;
  std::atomic<bool> killing = true;
  std::vector<std::thread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&, i] { Work(*officers_, i, killing, story); });
  }
  for (int i = 0; i < kKills; ++i) {
    // Not a wait for something: the random moment at which it happens.
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 600));
    switch (i % 3) {
      case 0:
        bus_.Kill();
        bus_.Start();
        break;
      case 1:
        bus_.KillAgency("doj");
        bus_.StartAgency("doj");
        break;
      default:
        bus_.KillAgency("ins");
        bus_.StartAgency("ins");
    }
  }
  killing = false;
  for (std::thread& worker : workers) worker.join();
  for (const std::string& referral : story.granted) {
    CheckGranted(referral);
    CheckHistory(referral, REFERRAL_STATE_ANSWERED);
  }
  for (const std::string& referral : story.returned) {
    CheckReturned(referral);
    CheckHistory(referral, REFERRAL_STATE_RETURNED);
  }
  // Once each: one petition on either side, one presence for each grant.
  const size_t all = story.granted.size() + story.returned.size();
  EXPECT_EQ(officers_->DojPetitions().size(), all);
  EXPECT_EQ(officers_->InsPetitions().size(), all);
  std::set<std::string> presences;
  for (const auto& presence : officers_->Presences()) {
    EXPECT_TRUE(presences.insert(presence.referral_id()).second) << "a presence twice";
  }
  EXPECT_EQ(presences, std::set<std::string>(story.granted.begin(), story.granted.end()));
  std::cout << kKills << " kills, " << story.granted.size() << " granted, " << story.returned.size()
            << " returned" << std::endl;
}

}  // namespace
}  // namespace waystation::harness
