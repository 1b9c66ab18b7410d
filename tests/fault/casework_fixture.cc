#include "tests/fault/casework_fixture.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include "common/crypto/sha256.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "tests/harness/operations.h"
#include "tools/waystation/history.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

namespace waystation::harness {
namespace {

using Fate = Casework::Fate;

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

}  // namespace

CaseworkTest::CaseworkTest() : random_(TestSeed()) {
  bus_.Start();
  bus_.StartAgency("doj");
  bus_.StartAgency("ins");
  bus_.StartAudit();
  officers_ = std::make_unique<Officers>(bus_);
}

void CaseworkTest::AwaitRest() {
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

void CaseworkTest::AwaitMemos(const std::map<std::string, Fate>& filed) {
  size_t known = 0;
  EXPECT_TRUE(
      Eventually([&] { return (known = CountProcedures()) == filed.size(); }, absl::Seconds(120)))
      << known << " of " << filed.size();
}

size_t CaseworkTest::CountProcedures() {
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

void CaseworkTest::CheckPetitions(const std::map<std::string, Fate>& filed) {
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

void CaseworkTest::CheckPetition(Fate fate, const doj::v1::Petition& doj,
                                 const ins::v1::Petition& ins) {
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

void CaseworkTest::CheckPresences(const std::map<std::string, Fate>& filed) {
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

void CaseworkTest::CheckPeople(size_t petitions) {
  std::set<std::string> people;
  for (const doj::v1::Intake& intake : officers_->Intakes()) {
    people.insert(intake.person());
    EXPECT_EQ(intake.findings_size(), 1) << intake.person();
    EXPECT_EQ(intake.duties_size(), 1) << intake.person();
  }
  EXPECT_EQ(people.size(), petitions);
}

void CaseworkTest::CheckHistories(const std::map<std::string, Fate>& filed) {
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

RecordFold CaseworkTest::ReadRecord() {
  RecordFold fold;
  const uint64_t last = LastSequence(bus_.Channel(kOperator));
  for (const auto& record : ReadRecords(bus_, 1, last)) fold.Take(record);
  return fold;
}

void CaseworkTest::AwaitDelivered(size_t messages) {
  size_t delivered = 0;
  EXPECT_TRUE(Eventually([&] { return (delivered = ReadRecord().delivered()) == messages; },
                         absl::Seconds(120)))
      << delivered << " of " << messages;
}

RecordFold CaseworkTest::CheckRecord(const std::map<std::string, Fate>& filed, size_t messages) {
  RecordFold fold = ReadRecord();
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
    if (found == fold.steps().end()) {
      ADD_FAILURE() << "not on the record: " << crypto::Hex(referral);
      continue;
    }
    EXPECT_EQ(found->second, StepsOf(fate)) << crypto::Hex(referral);
  }
  std::cout << "record: " << fold.last_sequence() << " records, " << fold.redelivered()
            << " redeliveries";
  for (const auto& [what, count] : fold.refusals()) std::cout << ", " << count << " " << what;
  std::cout << std::endl;
  return fold;
}

}  // namespace waystation::harness
