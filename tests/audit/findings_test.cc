#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

// What the auditor finds on a real record, and who may say what to it.

namespace waystation::harness {
namespace {

using audit::v1::AuditService;
using audit::v1::Finding;
using testing::ElementsAre;
using testing::HasSubstr;
using types::v1::TRANSITION_ANSWER;
using types::v1::TRANSITION_REQUEST;
using types::v1::TRANSITION_TAKE_UP;

constexpr std::string_view kHhs = "/agency/hhs";
constexpr char kRequestId[] = "018f0000-0000-7000-8000-000000000001";
constexpr uint32_t kAttemptsMax = 2;
constexpr absl::Duration kPatience = absl::Seconds(30);

void FewAttempts(cli::DevLayout&, journal::v1::Genesis* genesis) {
  auto* delivery = genesis->mutable_policy()->mutable_delivery();
  delivery->set_attempts_max(kAttemptsMax);
  delivery->set_backoff_min_ms(10);
  delivery->set_backoff_max_ms(10);
}

class AuditFindingsTest : public testing::Test {
 protected:
  AuditFindingsTest()
      : bus_({.adjust_genesis = FewAttempts,
              .broker_prefix = {},
              .agencies = {"doj", "ins", "hhs"}}),
        doj_(bus_, kDoj),
        ins_(bus_, kIns) {
    bus_.Start();
    bus_.StartAudit();
  }

  void Send(std::string_view from, const Drafts& drafts, const bus::v1::Header& header) {
    Require(
        Publish(bus_.Channel(from), drafts.Sign(header, drafts.Seal("x", Other(from)))).status(),
        "publish");
  }
  static std::string_view Other(std::string_view path) { return path == kDoj ? kIns : kDoj; }

  std::unique_ptr<AuditService::Stub> Audit(std::string_view path) {
    return AuditService::NewStub(bus_.ChannelTo(bus_.Files(path), bus_.audit_address(), kAuditor));
  }
  template <typename Request, typename Response>
  absl::Status Ask(std::string_view as,
                   grpc::Status (AuditService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                   const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.set_wait_for_ready(true);
    return rpc::FromGrpcStatus(((*Audit(as)).*method)(&context, request, response));
  }
  std::vector<Finding> List(const std::string& rule, bool open_only = true,
                            std::string_view as = kAuditor) {
    audit::v1::ListFindingsRequest request;
    request.set_rule_id(rule);
    request.set_open_only(open_only);
    audit::v1::ListFindingsResponse response;
    Require(Ask(as, &AuditService::Stub::ListFindings, request, &response), "list");
    return {response.findings().begin(), response.findings().end()};
  }
  Finding AwaitOpen(const std::string& rule) {
    std::vector<Finding> findings;
    EXPECT_TRUE(Eventually(
        [&] {
          findings = List(rule);
          return !findings.empty();
        },
        kPatience))
        << rule;
    return findings.empty() ? Finding() : findings[0];
  }
  Finding Get(const std::string& id) {
    audit::v1::GetFindingRequest request;
    request.set_finding_id(id);
    audit::v1::GetFindingResponse response;
    Require(Ask(kAuditor, &AuditService::Stub::GetFinding, request, &response), "get");
    return response.finding();
  }
  bool AwaitClosed(const std::string& id) {
    return Eventually([&] { return Get(id).state() == audit::v1::FINDING_STATE_CLOSED; },
                      kPatience);
  }
  audit::v1::GetAuditStatusResponse Status() {
    audit::v1::GetAuditStatusResponse response;
    Require(Ask(kAuditor, &AuditService::Stub::GetAuditStatus, audit::v1::GetAuditStatusRequest(),
                &response),
            "status");
    return response;
  }
  // A message that dies at INS, whose handler gives it back.
  Finding DeadLetter() {
    Require(Publish(bus_.Channel(kDoj), doj_.Sign(doj_.Report(kIns), "x")).status(), "publish");
    Puller puller(bus_.Channel(kIns), ins_);
    for (uint32_t attempt = 0; attempt < kAttemptsMax; ++attempt) {
      auto got = puller.Next();
      WS_CHECK(got.has_value());
      puller.Nack(*got, absl::ZeroDuration(), "BUSY");
    }
    return AwaitOpen("dead-letter");
  }
  static std::vector<std::string> Parties(const Finding& finding) {
    return {finding.parties().begin(), finding.parties().end()};
  }

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
};

TEST_F(AuditFindingsTest, AReferralPastItsDueTimeIsFoundAndTheAnswerEndsIt) {
  const std::string referral = NewReferralId();
  bus::v1::Header request = doj_.Case(kIns, referral, TRANSITION_REQUEST, 0);
  request.mutable_referral()->mutable_due_time()->set_seconds(
      absl::ToUnixSeconds(bus_.clock().Now()) + 1);
  Send(kDoj, doj_, request);
  const Finding overdue = AwaitOpen("overdue");
  EXPECT_EQ(overdue.referral_id(), referral);
  EXPECT_THAT(Parties(overdue), ElementsAre(cli::DevIdentity(kDoj), cli::DevIdentity(kIns)));
  const auto records = ReadRecords(bus_, overdue.sequences(0), overdue.sequences(0));
  EXPECT_TRUE(records[0].has_accepted());
  Send(kIns, ins_, ins_.Case(kDoj, referral, TRANSITION_TAKE_UP, 1));
  Send(kIns, ins_, ins_.Case(kDoj, referral, TRANSITION_ANSWER, 2));
  ASSERT_TRUE(AwaitClosed(overdue.finding_id()));
  EXPECT_THAT(Get(overdue.finding_id()).closing().reason(), HasSubstr("answer"));
}

TEST_F(AuditFindingsTest, OneIdWithTwoContentsIsFoundWithBothParties) {
  bus::v1::Header header = doj_.Report(kIns);
  Require(Publish(bus_.Channel(kDoj), doj_.Sign(header, "one")).status(), "publish");
  absl::Status refused = Publish(bus_.Channel(kDoj), doj_.Sign(header, "two")).status();
  EXPECT_EQ(ReasonOf(refused), "CONTENT_CHANGED");
  const Finding finding = AwaitOpen("content-changed");
  EXPECT_THAT(Parties(finding), ElementsAre(cli::DevIdentity(kDoj), cli::DevIdentity(kIns)));
  EXPECT_THAT(finding.detail(), HasSubstr(header.id()));
  const auto records = ReadRecords(bus_, finding.sequences(0), finding.sequences(1));
  EXPECT_TRUE(records.front().has_accepted());
  EXPECT_TRUE(records.back().has_refused());
}

TEST_F(AuditFindingsTest, ADeadLetterIsFoundAndRedriveEndsIt) {
  const Finding dead = DeadLetter();
  EXPECT_THAT(Parties(dead), ElementsAre(cli::DevIdentity(kDoj), cli::DevIdentity(kIns)));
  EXPECT_THAT(dead.detail(), HasSubstr("BUSY"));
  EXPECT_EQ(Must(Redrive(bus_.Channel(kOperator), cli::DevIdentity(kIns), {}), "redrive"), 1u);
  ASSERT_TRUE(AwaitClosed(dead.finding_id()));
  EXPECT_THAT(Get(dead.finding_id()).closing().reason(), HasSubstr("/operator"));
}

TEST_F(AuditFindingsTest, AnAgencySeesItsOwnRespondsAndCannotClose) {
  const std::string id = DeadLetter().finding_id();
  EXPECT_EQ(List("dead-letter", true, kDoj).size(), 1u);
  EXPECT_EQ(List("dead-letter", true, kIns).size(), 1u);
  EXPECT_EQ(List("dead-letter", true, kHhs).size(), 0u);

  audit::v1::CloseFindingRequest close;
  close.set_finding_id(id);
  close.set_reason("Nothing was wrong.");
  audit::v1::CloseFindingResponse closed;
  EXPECT_EQ(ReasonOf(Ask(kIns, &AuditService::Stub::CloseFinding, close, &closed)), "CLOSE_DENIED");
  EXPECT_EQ(ReasonOf(Ask(kHhs, &AuditService::Stub::CloseFinding, close, &closed)),
            "FINDING_UNKNOWN");
  EXPECT_EQ(ReasonOf(Ask(kOperator, &AuditService::Stub::CloseFinding, close, &closed)),
            "AUDIT_DENIED");

  audit::v1::RespondRequest respond;
  respond.set_request_id(kRequestId);
  respond.set_finding_id(id);
  respond.set_kind(audit::v1::RESPONSE_KIND_CORRECTIVE_ACTION);
  respond.set_text("The handler is mended by Friday.");
  audit::v1::RespondResponse responded;
  Require(Ask(kIns, &AuditService::Stub::Respond, respond, &responded), "respond");
  EXPECT_EQ(responded.finding().responses(0).responder(), cli::DevIdentity(kIns));
  EXPECT_EQ(Get(id).state(), audit::v1::FINDING_STATE_OPEN);

  Require(Ask(kAuditor, &AuditService::Stub::CloseFinding, close, &closed), "close");
  EXPECT_EQ(closed.finding().closing().closed_by(), cli::DevIdentity(kAuditor));
}

TEST_F(AuditFindingsTest, KilledAtAnyTimeItKeepsEachFindingOnce) {
  const Finding dead = DeadLetter();
  for (int i = 0; i < 3; ++i) {
    bus_.KillAudit();
    // What happens meanwhile is followed afterwards.
    Require(Publish(bus_.Channel(kDoj), doj_.Sign(doj_.Report(kHhs), "x")).status(), "publish");
    const uint64_t last = LastSequence(bus_.Channel(kOperator));
    bus_.StartAudit();
    EXPECT_TRUE(Eventually([&] { return Status().followed_sequence() >= last; }, kPatience));
    ASSERT_EQ(List("dead-letter", false).size(), 1u);
    const Finding now = List("dead-letter", false)[0];
    EXPECT_EQ(now.finding_id(), dead.finding_id());
    EXPECT_EQ(now.sequence_count(), dead.sequence_count());
    EXPECT_EQ(now.revision(), dead.revision());
  }
}

TEST_F(AuditFindingsTest, ABrokerThatIsAwayIsFollowedAgainWhenItIsBack) {
  EXPECT_TRUE(Eventually([&] { return Status().connected(); }, kPatience));
  bus_.Kill();
  EXPECT_TRUE(Eventually([&] { return !Status().connected(); }, kPatience));
  bus_.Start();
  const uint64_t last = LastSequence(bus_.Channel(kOperator));
  EXPECT_TRUE(Eventually(
      [&] { return Status().connected() && Status().followed_sequence() >= last; }, kPatience));
  EXPECT_TRUE(List("log-inconsistent").empty());
}

}  // namespace
}  // namespace waystation::harness
