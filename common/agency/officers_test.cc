#include "common/agency/officers.h"

#include "common/agency/test_world.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/types/v1/date.pb.h"
#include "waystation/types/v1/referral.pb.h"
#include "waystation/types/v1/severe_form.pb.h"

namespace waystation::agency {
namespace {

constexpr char kRequestId[] = "0190a0b0-0000-7000-8000-000000000001";

class QuietHandler : public Handler {
 public:
  absl::Status OnCase(const CaseMessage&, Tx&) override { return absl::OkStatus(); }
  absl::Status OnRefused(const CaseMessage&, const absl::Status&, Tx&) override {
    return absl::OkStatus();
  }
};

class OfficersTest : public testing::Test {
 protected:
  // One change; counts how often its body runs.
  absl::Status Change(const std::string& staff, const std::string& request_id, int day,
                      types::v1::Date& response, absl::Status result = absl::OkStatus()) {
    types::v1::Date request;
    request.set_day(day);
    return Change(staff, request_id, request, response, std::move(result));
  }

  absl::Status Change(const std::string& staff, const std::string& request_id,
                      const google::protobuf::Message& request, types::v1::Date& response,
                      absl::Status result = absl::OkStatus()) {
    return officers_.RunOnce(
        {staff, request_id, &request, &response},
        [this] {
          ++prepared_;
          return absl::OkStatus();
        },
        [&](Tx&) {
          response.set_year(2000 + ++runs_);
          return result;
        });
  }

  TestWorld world_;
  QuietHandler handler_;
  std::unique_ptr<Agency> agency_ = world_.Open("ins", handler_);
  Officers officers_{*agency_, world_.trust(), {}};
  int runs_ = 0;
  int prepared_ = 0;
};

TEST_F(OfficersTest, AnswersARetryWithTheFirstResponse) {
  types::v1::Date first;
  types::v1::Date second;
  ASSERT_TRUE(Change("a", kRequestId, 1, first).ok());
  ASSERT_TRUE(Change("a", kRequestId, 1, second).ok());
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(prepared_, 1);
  EXPECT_EQ(second.year(), 2001);
}

TEST_F(OfficersTest, RefusesTheSameRequestIdWithOtherContent) {
  types::v1::Date response;
  ASSERT_TRUE(Change("a", kRequestId, 1, response).ok());
  absl::Status reused = Change("a", kRequestId, 2, response);
  EXPECT_TRUE(absl::IsAlreadyExists(reused)) << reused;
  EXPECT_EQ(ReasonOf(reused), "REQUEST_ID_REUSED");
  EXPECT_EQ(runs_, 1);
}

TEST_F(OfficersTest, AnswersARetryThatSawALaterState) {
  types::v1::Date first;
  types::v1::Date second;
  bus::v1::ReferralHeader step;
  step.set_transition(types::v1::TRANSITION_TAKE_UP);
  step.set_expected_version(2);
  ASSERT_TRUE(Change("a", kRequestId, step, first).ok());
  step.set_expected_version(3);
  ASSERT_TRUE(Change("a", kRequestId, step, second).ok());
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(second.year(), first.year());
  step.set_transition(types::v1::TRANSITION_RETURN);
  EXPECT_EQ(ReasonOf(Change("a", kRequestId, step, second)), "REQUEST_ID_REUSED");
  EXPECT_EQ(runs_, 1);
}

TEST_F(OfficersTest, NeverShowsAnOfficerTheResponseOfAnother) {
  types::v1::Date response;
  ASSERT_TRUE(Change("a", kRequestId, 1, response).ok());
  ASSERT_TRUE(Change("b", kRequestId, 1, response).ok());
  EXPECT_EQ(runs_, 2);
}

TEST_F(OfficersTest, RunsAgainAfterAnError) {
  types::v1::Date response;
  EXPECT_TRUE(absl::IsAborted(Change("a", kRequestId, 1, response, absl::AbortedError("no"))));
  EXPECT_TRUE(Change("a", kRequestId, 1, response).ok());
  EXPECT_EQ(runs_, 2);
}

TEST_F(OfficersTest, RefusesARequestIdThatIsNoUuid) {
  types::v1::Date response;
  for (const char* id : {"", "1", "0190A0B0-0000-7000-8000-000000000001"}) {
    EXPECT_EQ(ReasonOf(Change("a", id, 1, response)), "REQUEST_ID_INVALID") << id;
  }
}

TEST_F(OfficersTest, TakesStaffOfTheRegisterOnly) {
  const std::string ours = TestWorld::IdentityOf("ins");
  absl::StatusOr<Officer> officer = officers_.OfficerFor(ours + "/staff/ins-officer-1");
  ASSERT_TRUE(officer.ok()) << officer.status();
  EXPECT_EQ(officer->unit(), "ins/vsc");
  for (const std::string& other :
       {ours, ours + "/staff/", ours + "/staff/nobody", ours + "/staff/ins-officer-1/x",
        ours + "x/staff/ins-officer-1", TestWorld::IdentityOf("doj") + "/staff/ins-officer-1",
        std::string("spiffe://other.example/agency/ins/staff/ins-officer-1")}) {
    EXPECT_EQ(ReasonOf(officers_.OfficerFor(other).status()), "CALLER_NOT_STAFF") << other;
  }
}

TEST(HasUnknownFieldsTest, FindsThemAtAnyDepth) {
  types::v1::PersonAge age;
  age.mutable_birth_date()->set_year(1999);
  EXPECT_FALSE(HasUnknownFields(age));
  age.mutable_birth_date()
      ->GetReflection()
      ->MutableUnknownFields(age.mutable_birth_date())
      ->AddVarint(99, 1);
  EXPECT_TRUE(HasUnknownFields(age));
}

TEST(WorkerPoolTest, RunsEveryTaskThatItTookAndRefusesTooMany) {
  std::atomic<int> runs = 0;
  std::mutex gate;
  gate.lock();
  WorkerPool pool(1, 2);
  int taken = 0;
  for (int i = 0; i < 10; ++i) {
    taken += pool.Submit([&] {
      std::lock_guard<std::mutex> lock(gate);
      ++runs;
    });
  }
  EXPECT_GE(taken, 2);
  EXPECT_LE(taken, 3);
  gate.unlock();
  pool.Stop();
  EXPECT_EQ(runs, taken);
  EXPECT_FALSE(pool.Submit([] {}));
}

}  // namespace
}  // namespace waystation::agency
