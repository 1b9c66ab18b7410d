#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/crypto/sha256.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/e2e/officers.h"
#include "tests/fault/casework.h"
#include "tests/fault/record_fold.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "tools/waystation/history.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

// SIGKILL of the broker and of both services at random moments, twenty times
// each, while officers bring 10,000 messages about. A call that a kill cut off is
// made again with its request_id. At the end the officers' own list of what was
// acknowledged, both services and the record must tell one story.

namespace waystation::harness {
namespace {

using Fate = Casework::Fate;

constexpr size_t kMessages = 10'000;
constexpr size_t kKillsEach = 20;
constexpr std::array<const char*, 3> kProcesses = {"broker", "doj", "ins"};
constexpr size_t kKills = kKillsEach * kProcesses.size();
constexpr size_t kHistoryShare = 20;  // One in so many histories is verified.

std::vector<types::v1::Transition> StepsOf(Fate fate) {
  using namespace types::v1;  // NOLINT(google-build-using-namespace): the enumerators alone.
  if (fate == Fate::kReturned) {
    return {TRANSITION_REQUEST, TRANSITION_RECEIVED, TRANSITION_RETURN};
  }
  return {TRANSITION_REQUEST, TRANSITION_RECEIVED, TRANSITION_TAKE_UP, TRANSITION_ANSWER};
}

types::v1::ReferralState EndOf(Fate fate) {
  return fate == Fate::kReturned ? types::v1::REFERRAL_STATE_RETURNED
                                 : types::v1::REFERRAL_STATE_ANSWERED;
}

class KillEveryoneTest : public testing::Test {
 protected:
  KillEveryoneTest() : random_(TestSeed()) {
    bus_.Start();
    bus_.StartAgency("doj");
    bus_.StartAgency("ins");
    bus_.StartAudit();
    officers_ = std::make_unique<Officers>(bus_);
  }

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

  // Nothing is under way any more: DOJ has every end, and the queues are empty.
  void AwaitRest() {
    EXPECT_TRUE(Eventually(
        [&] {
          auto petitions = officers_->DojPetitions();
          return std::all_of(petitions.begin(), petitions.end(), HasOutcome);
        },
        absl::Seconds(60)))
        << "DOJ waits for an answer";
    auto operator_channel = bus_.Channel(kOperator);
    auto is_empty = [](const auto& queue) {
      return queue.waiting() + queue.leased() + queue.dead() == 0;
    };
    EXPECT_TRUE(Eventually(
        [&] {
          auto status = Must(GetStatus(operator_channel), "status");
          return std::all_of(status.queues().begin(), status.queues().end(), is_empty);
        },
        absl::Seconds(60)))
        << "messages left in a queue, or dead";
  }

  // The auditor knows what each petition is for, the last that DOJ tells him of one.
  void AwaitMemos(const std::map<std::string, Fate>& filed) {
    size_t known = 0;
    EXPECT_TRUE(
        Eventually([&] { return (known = CountProcedures()) == filed.size(); }, absl::Seconds(120)))
        << known << " of " << filed.size();
  }

  size_t CountProcedures() {
    auto stub = audit::v1::AuditService::NewStub(
        bus_.ChannelTo(bus_.Files(kAuditor), bus_.audit_address(), kAuditor));
    size_t count = 0;
    audit::v1::ListProceduresRequest request;
    do {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
      context.set_wait_for_ready(true);
      audit::v1::ListProceduresResponse page;
      Require(rpc::FromGrpcStatus(stub->ListProcedures(&context, request, &page)), "procedures");
      count += static_cast<size_t>(page.procedures_size());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return count;
  }

  // Each acknowledged petition stands on both sides, once, with one end.
  void CheckPetitions(const std::map<std::string, Fate>& filed) {
    std::map<std::string, doj::v1::Petition> at_doj;
    std::map<std::string, ins::v1::Petition> at_ins;
    for (auto& each : officers_->DojPetitions()) {
      EXPECT_TRUE(at_doj.emplace(each.referral_id(), each).second) << "listed twice";
    }
    for (auto& each : officers_->InsPetitions()) {
      EXPECT_TRUE(at_ins.emplace(each.referral_id(), each).second) << "listed twice";
    }
    EXPECT_EQ(at_doj.size(), filed.size());
    EXPECT_EQ(at_ins.size(), filed.size());
    for (const auto& [referral, fate] : filed) {
      SCOPED_TRACE(crypto::Hex(referral));
      CheckPetition(fate, at_doj[referral], at_ins[referral]);
      decisions_[referral] = at_ins[referral].decision();
    }
  }

  void CheckPetition(Fate fate, const doj::v1::Petition& doj, const ins::v1::Petition& ins) {
    EXPECT_EQ(doj.state(), EndOf(fate));
    EXPECT_EQ(ins.state(), EndOf(fate));
    EXPECT_EQ(doj.version(), static_cast<int64_t>(StepsOf(fate).size()));
    EXPECT_EQ(ins.version(), doj.version());
    EXPECT_EQ(doj.person(), ins.person());
    EXPECT_EQ(doj.decision().SerializeAsString(), ins.decision().SerializeAsString());
    EXPECT_EQ(doj.decision().outcome(), fate == Fate::kGranted  ? ins::v1::DECISION_OUTCOME_GRANTED
                                        : fate == Fate::kDenied ? ins::v1::DECISION_OUTCOME_DENIED
                                                                : 0);
    EXPECT_EQ(doj.return_reason(), fate == Fate::kReturned
                                       ? types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW
                                       : types::v1::RETURN_REASON_UNSPECIFIED);
  }

  // One presence for each grant, the one that the decision names.
  void CheckPresences(const std::map<std::string, Fate>& filed) {
    std::map<std::string, std::string> presences;
    for (const auto& presence : officers_->Presences()) {
      EXPECT_TRUE(presences.emplace(presence.referral_id(), presence.presence_id()).second)
          << "two presences of referral " << crypto::Hex(presence.referral_id());
    }
    for (const auto& [referral, fate] : filed) {
      auto found = presences.find(referral);
      EXPECT_EQ(found != presences.end(), fate == Fate::kGranted) << crypto::Hex(referral);
      if (found == presences.end()) continue;
      EXPECT_EQ(found->second, decisions_[referral].presence_id());
      presences.erase(found);
    }
    EXPECT_EQ(presences.size(), 0u) << "of no petition";
  }

  // What stays at DOJ: one person for each petition, one finding, one duty.
  void CheckPeople(size_t petitions) {
    std::set<std::string> people;
    for (const doj::v1::Intake& intake : officers_->Intakes()) {
      people.insert(intake.person());
      EXPECT_EQ(intake.findings_size(), 1) << intake.person();
      EXPECT_EQ(intake.duties_size(), 1) << intake.person();
    }
    EXPECT_EQ(people.size(), petitions);
  }

  // The broker's record tells the same, and when it was killed.
  void CheckRecord(const std::map<std::string, Fate>& filed, size_t messages) {
    RecordFold fold;
    uint64_t last = LastSequence(bus_.Channel(kOperator));
    for (const auto& record : ReadRecords(bus_, 1, last)) fold.Take(record);
    for (const std::string& problem : fold.problems()) ADD_FAILURE() << problem;
    EXPECT_EQ(fold.accepted(), messages);
    EXPECT_EQ(fold.delivered(), messages);
    // Of each petition DOJ tells the auditor three things: the intake's duties, those
    // after one is done, and what the referral is for.
    EXPECT_EQ(fold.accepted_memos(), 3 * filed.size());
    EXPECT_EQ(fold.delivered_memos(), 3 * filed.size());
    EXPECT_EQ(fold.steps().size(), filed.size());
    for (const auto& [referral, fate] : filed) {
      auto found = fold.steps().find(referral);
      ASSERT_NE(found, fold.steps().end()) << "not on the record: " << crypto::Hex(referral);
      EXPECT_EQ(found->second, StepsOf(fate)) << crypto::Hex(referral);
    }
    const std::vector<size_t>& waiting = fold.under_way_at_kills();
    EXPECT_EQ(waiting.size(), kKillsEach);
    hits_["broker"] =
        waiting.size() - static_cast<size_t>(std::count(waiting.begin(), waiting.end(), size_t{0}));
    std::cout << "record: " << last << " records, " << fold.redelivered() << " redeliveries";
    for (const auto& [what, count] : fold.refusals()) std::cout << ", " << count << " " << what;
    std::cout << std::endl;
  }

  // Every signature of some histories, judged by the auditor's own trust.
  void CheckHistories(const std::map<std::string, Fate>& filed) {
    auto auditor = bus_.Client(kAuditor);
    auto directory = Must(auditor->GetDirectory(), "directory");
    cli::HistoryVerifier verifier(bus_.directory(), bus_.trust()->Current(),
                                  {cli::DevIdentity(kBroker), directory.bus_id()});
    for (const auto& [referral, fate] : filed) {
      if (random_() % kHistoryShare != 0) continue;
      auto history = Must(auditor->GetReferralHistory(referral), "history");
      auto steps = verifier.Verify(history, referral);
      EXPECT_TRUE(cli::AllVerified(steps).ok()) << cli::AllVerified(steps);
      EXPECT_EQ(steps.size(), StepsOf(fate).size());
    }
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

  std::mt19937_64 random_;
  TestBus bus_;
  std::unique_ptr<Officers> officers_;
  std::map<std::string, size_t> hits_;
  std::map<std::string, ins::v1::ContinuedPresenceDecision> decisions_;
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
  CheckRecord(work.filed(), work.messages());
  CheckHistories(work.filed());
  Report(work, took);
}

}  // namespace
}  // namespace waystation::harness
