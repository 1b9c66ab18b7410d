#include "tools/waystation/contracts.h"

#include <set>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/exit_code.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/dos/v1/return.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

TEST(ContractsTest, FoundByProcedureAndByEitherBody) {
  for (const char* name : {"services", "ServicesReferral", "ServicesOutcome"}) {
    auto contract = FindContract(name);
    ASSERT_TRUE(contract.ok()) << contract.status();
    EXPECT_EQ((*contract)->terms.name, "services");
  }
  EXPECT_TRUE(FindContract("consultation-of-the-attorney-general").ok());
  EXPECT_TRUE(FindContract("consultation of the Attorney General").ok());
}

TEST(ContractsTest, NamesAreDifferent) {
  std::set<std::string> words, bodies;
  for (const procedures::Contract* contract : AllContracts()) {
    EXPECT_TRUE(words.insert(ProcedureWord(*contract)).second);
    EXPECT_TRUE(bodies.insert(contract->request->GetDescriptor()->name()).second);
  }
}

TEST(ContractsTest, UnknownTypeIsNotFoundAndTheKnownAreNamed) {
  const absl::Status status = FindContract("nonsense").status();
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("services (ServicesReferral)"));
}

TEST(ParseBodyTest, ReadsJsonAndRefusesWhatIsNot) {
  const dol::v1::ServicesReferral prototype;
  auto any =
      ParseBody(prototype, "--body", R"({"services":["SERVICE_KIND_JOB_SEARCH","wage-claim"]})",
                absl::UnixEpoch());
  ASSERT_TRUE(any.ok()) << any.status();
  dol::v1::ServicesReferral body;
  ASSERT_TRUE(any->UnpackTo(&body));
  EXPECT_EQ(body.services(0), dol::v1::SERVICE_KIND_JOB_SEARCH);
  EXPECT_EQ(body.services(1), dol::v1::SERVICE_KIND_WAGE_CLAIM);
  for (const char* bad : {"", "{", "[]", R"({"name":"x"})", R"({"services":["NONE"]})"}) {
    EXPECT_EQ(ExitCodeOf(ParseBody(prototype, "--body", bad, absl::UnixEpoch()).status()),
              ExitCode::kUsage)
        << bad;
  }
  EXPECT_EQ(ExitCodeOf(ParseBody(prototype, "--body", "@/nonexistent", absl::UnixEpoch()).status()),
            ExitCode::kNotFound);
}

TEST(ParseBodyTest, DaysAreReadAtEveryDepth) {
  auto any = ParseBody(dos::v1::ReturnReferral(), "--body",
                       R"({"return_consent":{"given":true,"validUntil":"2002-03-09"},
                           "age":{"birth_date":"1970-01-02"},"risk":{"made_on":"+1d"}})",
                       absl::UnixEpoch());
  ASSERT_TRUE(any.ok()) << any.status();
  dos::v1::ReturnReferral body;
  ASSERT_TRUE(any->UnpackTo(&body));
  EXPECT_EQ(body.return_consent().valid_until().year(), 2002);
  EXPECT_EQ(body.age().birth_date().day(), 2);
  EXPECT_EQ(body.risk().made_on().day(), 2);
  EXPECT_FALSE(ParseBody(body, "--body", R"({"risk":{"made_on":"soon"}})", absl::UnixEpoch()).ok());
}

}  // namespace
}  // namespace waystation::cli
