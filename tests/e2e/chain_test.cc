#include <memory>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/e2e/officers.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "tools/waystation/history.h"

// Petitions from end to end: officers, two agencies, the broker, all of them
// real processes.

namespace waystation::harness {
namespace {

using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::REFERRAL_STATE_RETURNED;

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

}  // namespace
}  // namespace waystation::harness
