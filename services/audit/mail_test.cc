#include "services/audit/mail.h"

#include "common/agency/compliance.h"
#include "common/agency/findings.h"
#include "common/agency/test_world.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/audit/audit_store.h"

namespace waystation::audit {
namespace {

using agency::TestWorld;
using testing::ElementsAre;
using testing::IsEmpty;

class NoCases : public agency::Handler {
 public:
  absl::Status OnCase(const agency::CaseMessage&, agency::Tx&) override { return absl::OkStatus(); }
  absl::Status OnRefused(const agency::CaseMessage&, const absl::Status&, agency::Tx&) override {
    return absl::OkStatus();
  }
};

// DOJ, INS and the auditor on a bus in memory.
class MailTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.AddAuditor();
    store_ = *AuditStore::Open({world_.StorePath("auditor"), world_.store_key()}, Rules::Default());
    auditor_ = world_.OpenOn("auditor", events_, store_->database());
    doj_ = world_.Open("doj", handler_);
    ins_ = world_.Open("ins", handler_);
    for (agency::Agency* each : {auditor_.get(), doj_.get(), ins_.get()}) each->Start();
  }

  void Report(agency::Agency& from, const v1::ComplianceEvent& event) {
    absl::Status reported = from.Write([&](agency::Tx& tx) { return agency::Report(event, tx); });
    EXPECT_TRUE(reported.ok()) << reported;
    EXPECT_TRUE(world_.exchange().WaitForPublished(++published_));
    world_.exchange().Deliver(TestWorld::IdentityOf("auditor"));
  }
  static v1::ComplianceEvent Cap(uint64_t used) {
    v1::ComplianceEvent event;
    event.mutable_cap()->set_what("T status, principals");
    event.mutable_cap()->set_citation("TVPA 107(e)(2)");
    event.mutable_cap()->set_fiscal_year(2002);
    event.mutable_cap()->set_limit(5000);
    event.mutable_cap()->set_used(used);
    return event;
  }
  // The record was followed up to the message with that place among all.
  void Follow(size_t message) {
    const bus::v1::Header header = world_.exchange().Kept().at(message);
    Block block;
    block.messages.emplace_back(header.id(), KnownMessage{100 + message, header.source(), {}, ""});
    ASSERT_TRUE(store_->Keep(block).ok());
  }
  std::vector<uint64_t> Waiting() {
    auto events = store_->WaitingEvents(10);
    EXPECT_TRUE(events.ok()) << events.status();
    std::vector<uint64_t> used;
    for (const WaitingEvent& one : *events) used.push_back(one.event.cap().used());
    return used;
  }

  void Conclude(FindingChange::Kind kind) {
    Block block;
    block.fold.findings.push_back(
        {.kind = kind,
         .rule = Rule::kOverdue,
         .subject = "subject",
         .time_us = ++time_us_,
         .parties = {TestWorld::IdentityOf("doj"), TestWorld::IdentityOf("ins"),
                     "spiffe://waystation.example/broker/1"},
         .detail = "why"});
    ASSERT_TRUE(store_->Keep(block).ok());
  }
  // Tells, brings `memos` of them, and says what DOJ then has open.
  std::vector<std::string> ToldAtDoj(size_t memos) {
    absl::Status told = TellParties(*auditor_);
    EXPECT_TRUE(told.ok()) << told;
    published_ += memos;
    EXPECT_TRUE(world_.exchange().WaitForPublished(published_));
    world_.exchange().Deliver(TestWorld::IdentityOf("doj"));
    world_.exchange().Deliver(TestWorld::IdentityOf("ins"));
    std::vector<std::string> rules;
    absl::Status read = doj_->Read([&](agency::Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(auto findings, agency::OpenFindings(tx.db(), 10));
      for (const v1::Finding& finding : findings) rules.push_back(finding.rule_id());
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return rules;
  }

  TestWorld world_;
  EventHandler events_;
  NoCases handler_;
  std::unique_ptr<AuditStore> store_;
  std::unique_ptr<agency::Agency> auditor_;
  std::unique_ptr<agency::Agency> doj_;
  std::unique_ptr<agency::Agency> ins_;
  size_t published_ = 0;
  int64_t time_us_ = 1'000'000'000'000'000;
};

TEST_F(MailTest, AnEventCountsOnceItsMessageIsOnTheFollowedRecord) {
  Report(*ins_, Cap(1));
  Report(*ins_, Cap(2));
  EXPECT_THAT(Waiting(), IsEmpty());
  Follow(1);
  EXPECT_THAT(Waiting(), IsEmpty()) << "the first waits still";
  Follow(0);
  EXPECT_THAT(Waiting(), ElementsAre(1, 2));
  auto events = store_->WaitingEvents(10);
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(events->front().place.sender, TestWorld::IdentityOf("ins"));
  EXPECT_EQ(events->front().place.sequence, 100u);
  Block block;
  block.events_taken = events->front().position;
  ASSERT_TRUE(store_->Keep(block).ok());
  EXPECT_THAT(Waiting(), ElementsAre(2));
}

TEST_F(MailTest, WhatIsNotTheSendersToTellIsQuarantined) {
  Report(*doj_, Cap(1));
  Follow(0);
  EXPECT_THAT(Waiting(), IsEmpty());
  v1::ComplianceEvent broken = Cap(1);
  broken.mutable_cap()->clear_limit();
  Report(*ins_, broken);
  Follow(1);
  EXPECT_THAT(Waiting(), IsEmpty());
}

TEST_F(MailTest, PartiesAreToldOfAnOpeningAndOfAnEndOnce) {
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(2), ElementsAre("overdue"));
  EXPECT_THAT(ToldAtDoj(0), ElementsAre("overdue"));
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(0), ElementsAre("overdue")) << "more of the same";
  Conclude(FindingChange::Kind::kEnd);
  EXPECT_THAT(ToldAtDoj(2), IsEmpty());
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(2), ElementsAre("overdue"));
  EXPECT_EQ(world_.exchange().Kept().size(), 6u);
}

TEST_F(MailTest, WhatEndedAndOpenedBetweenTwoLooksIsToldAsItStands) {
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(2), ElementsAre("overdue"));
  Conclude(FindingChange::Kind::kEnd);
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(2), ElementsAre("overdue"));
}

TEST_F(MailTest, NobodyIsToldByMailThatMailOfOursDied) {
  Block block;
  block.fold.findings.push_back(
      {.rule = Rule::kDeadLetter,
       .subject = "memo",
       .time_us = ++time_us_,
       .parties = {TestWorld::IdentityOf("auditor"), TestWorld::IdentityOf("doj")},
       .detail = "why"});
  ASSERT_TRUE(store_->Keep(block).ok());
  EXPECT_THAT(ToldAtDoj(0), IsEmpty());
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_THAT(ToldAtDoj(2), ElementsAre("overdue"));
  EXPECT_EQ(world_.exchange().Kept().size(), 2u);
}

TEST_F(MailTest, NewsAreThereOnceAfterEachChange) {
  EXPECT_TRUE(store_->TakeNews()) << "of the last run";
  EXPECT_FALSE(store_->TakeNews());
  Conclude(FindingChange::Kind::kRaise);
  EXPECT_TRUE(store_->TakeNews());
  auto closed = store_->EditFinding(FindingId(Rule::kOverdue, "subject"), "", [](v1::Finding* f) {
    f->set_state(v1::FINDING_STATE_CLOSED);
    return absl::OkStatus();
  });
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_TRUE(store_->TakeNews());
}

}  // namespace
}  // namespace waystation::audit
