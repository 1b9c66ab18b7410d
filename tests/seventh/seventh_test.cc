#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/ids/random.h"
#include "common/ids/uuid.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_grpc.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "tests/harness/test_bus.h"
#include "tests/wire/fences.h"
#include "tools/waystation/child.h"
#include "tools/waystation/profile.h"
#include "tools/waystation/signals.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/eeoc/v1/charge.pb.h"

// The seventh agency of services/README.md: the code is what @seventh took from the
// page; here it is counted, put onto a bus by the page's own file, and asked.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;
using casework::v1::CaseworkService;
using ::testing::HasSubstr;

constexpr char kPage[] = "services/README.md";
constexpr char kFragment[] = "textproto deploy/eeoc.textproto";
constexpr int kCppLinesMax = 149;
constexpr char kAsker[] = "worker-1401";
constexpr char kTaker[] = "charge-7101";

std::map<std::string, wire::Fence> Page() {
  return Must(wire::ReadFences(Must(wire::ReadDataFile(kPage), kPage)), kPage);
}

int LinesOf(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

// Lines that a change adds.
int AddedBy(const std::string& diff) {
  int added = diff.starts_with('+') ? 1 : 0;
  for (size_t at = diff.find("\n+"); at != std::string::npos; at = diff.find("\n+", at + 1)) {
    ++added;
  }
  return added;
}

struct Ran {
  int code;
  std::string text;  // Both streams.
};

// A bus of seven: `waystation dev` with the page's file. DOJ's program is the one
// that the page changed.
class SeventhAgencyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { signals_ = new cli::Signals; }

  void SetUp() override {
    MakePrograms();
    setenv("WAYSTATION_BIN_DIR", (folder_ / "bin").c_str(), 1);
    setenv("XDG_STATE_HOME", (folder_ / "state").c_str(), 1);
    std::ofstream(folder_ / "eeoc.textproto") << Page().at(kFragment).text;
  }

  void TearDown() override {
    bus_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  static std::string Runfile(const std::string& path) {
    return absl::StrCat(std::getenv("TEST_SRCDIR"), "/", path);
  }

  void MakePrograms() {
    for (const char* name :
         {"broker", "doj", "dol", "dos", "hhs", "ins", "usaid", "audit", "eeoc"}) {
      const bool ours = name == std::string("doj") || name == std::string("eeoc");
      const fs::path place = folder_ / "bin" / "services" / name;
      fs::create_directories(place);
      fs::create_symlink(
          Runfile(absl::StrCat(ours ? "seventh" : "waystation", "/services/", name, "/", name)),
          place / name);
    }
  }

  std::string Command() const { return Runfile("waystation/tools/waystation/waystation"); }
  std::string ProfilePath() const { return folder_ / "bus" / "profile.textproto"; }

  void StartBus() {
    bus_ = Must(cli::Child::Start({.name = "dev",
                                   .command = {Command(), "dev", "--data", folder_ / "bus",
                                               "--agency", folder_ / "eeoc.textproto"},
                                   .log_path = folder_ / "dev.log"},
                                  *signals_),
                "dev");
    ASSERT_TRUE(Eventually([&] { return bus_->Ended() || cli::Profile::Load(ProfilePath()).ok(); },
                           absl::Seconds(60)));
    ASSERT_FALSE(bus_->Ended()) << Must(config::ReadFile(folder_ / "dev.log", 1 << 20), "log");
    profile_ = std::make_unique<cli::Profile>(Must(cli::Profile::Load(ProfilePath()), "profile"));
    trust_ = Must(rpc::TrustSource::Create({.roots_path = profile_->data().roots_path(),
                                            .crl_path = profile_->data().crl_path()},
                                           clock_),
                  "trust");
  }

  Ran Run(const std::string& words) const {
    const std::string line =
        absl::StrCat(Command(), " --profile ", ProfilePath(), " ", words, " 2>&1");
    FILE* pipe = popen(line.c_str(), "r");
    WS_CHECK(pipe != nullptr);
    Ran ran;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) ran.text.push_back(static_cast<char>(c));
    const int status = pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }

  // One call of an officer at the officer's own agency.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Ask(const char* staff_id,
                               grpc::Status (CaseworkService::Stub::*method)(grpc::ClientContext*,
                                                                             const Request&,
                                                                             Response*),
                               const Request& request) {
    WS_ASSIGN_OR_RETURN(cli::v1::Staff staff, profile_->StaffOf("", staff_id));
    WS_ASSIGN_OR_RETURN(cli::v1::Agency agency, profile_->AgencyNamed(staff.agency()));
    WS_ASSIGN_OR_RETURN(
        auto credentials,
        rpc::MakeChannelCredentials({.certificate_path = staff.credential().certificate_path(),
                                     .key_path = staff.credential().key_path()},
                                    trust_, clock_, agency.endpoint().identity()));
    CaseworkService::Stub stub(rpc::MakeChannel(agency.endpoint().address(), credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    Response response;
    WS_RETURN_IF_ERROR(rpc::FromGrpcStatus((stub.*method)(&context, request, &response)));
    return response;
  }

  std::string NewRequestId() { return UuidV7Generator(clock_, SystemRandom).Next(); }

  casework::v1::OpenReferralRequest Opening(const std::string& person) {
    casework::v1::OpenReferralRequest request;
    request.set_request_id(NewRequestId());
    request.set_from_unit("doj/worker-exploitation");
    request.set_to_unit("eeoc/charge-intake");
    request.set_person(person);
    eeoc::v1::ChargeReferral body;
    body.set_circumstances("SYNTHETIC. Paid less than others for her origin.");
    request.mutable_body()->PackFrom(body);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("SYNTHETIC 1.1");
    return request;
  }

  absl::StatusOr<casework::v1::Referral> Seen(const char* staff_id, const std::string& id) {
    casework::v1::GetReferralRequest request;
    request.set_referral_id(id);
    WS_ASSIGN_OR_RETURN(auto response, Ask(staff_id, &CaseworkService::Stub::GetReferral, request));
    return response.referral();
  }

  casework::v1::Referral Await(const char* staff_id, const std::string& id,
                               types::v1::ReferralState state) {
    absl::StatusOr<casework::v1::Referral> seen;
    EXPECT_TRUE(Eventually([&] {
      seen = Seen(staff_id, id);
      return seen.ok() && seen->state() == state;
    })) << staff_id
        << ": " << types::v1::ReferralState_Name(state);
    return Must(std::move(seen), staff_id);
  }

  absl::Status Answer(const std::string& id, int64_t version, bool taken) {
    casework::v1::ProposeAnswerRequest request;
    request.set_request_id(NewRequestId());
    request.set_referral_id(id);
    request.set_expected_version(version);
    eeoc::v1::ChargeOutcome outcome;
    outcome.set_taken(taken);
    request.mutable_body()->PackFrom(outcome);
    return Ask(kTaker, &CaseworkService::Stub::ProposeAnswer, request).status();
  }

  static cli::Signals* signals_;
  SystemClock clock_;
  const fs::path folder_ = fs::path(testing::TempDir()) / "seventh";
  std::unique_ptr<cli::Child> bus_;
  std::unique_ptr<cli::Profile> profile_;
  std::shared_ptr<rpc::TrustSource> trust_;
};

cli::Signals* SeventhAgencyTest::signals_ = nullptr;

TEST_F(SeventhAgencyTest, TakesLessThan150LinesOfCpp) {
  int lines = 0;
  for (const auto& [name, fence] : Page()) {
    const bool cpp = name.ends_with(".cc") || name.ends_with(".h");
    EXPECT_EQ(fence.kind == "cpp", cpp && fence.kind != "diff") << name;
    if (cpp) lines += fence.kind == "diff" ? AddedBy(fence.text) : LinesOf(fence.text);
  }
  std::cout << lines << " lines of C++" << std::endl;
  EXPECT_GT(lines, 0);
  EXPECT_LE(lines, kCppLinesMax);
}

TEST_F(SeventhAgencyTest, ReceivesAndAnswersAReferral) {
  ASSERT_NO_FATAL_FAILURE(StartBus());
  const std::string person = "pv-01hzy8q3r7w5x2k9m4n6p8s0tv";
  auto opened = Ask(kAsker, &CaseworkService::Stub::OpenReferral, Opening(person));
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::string id = opened->referral().referral_id();
  const std::string hex = absl::BytesToHexString(id);

  EXPECT_EQ(Await(kTaker, id, types::v1::REFERRAL_STATE_RECEIVED).person(), person);
  const Ran inbox = Run(absl::StrCat("inbox --as ", kTaker));
  EXPECT_EQ(inbox.code, 0) << inbox.text;
  EXPECT_THAT(inbox.text, HasSubstr(hex));
  const Ran taken = Run(absl::StrCat("take-up ", hex, " --as ", kTaker));
  EXPECT_EQ(taken.code, 0) << taken.text;

  // The contract holds: a charge that is not taken wants its reason.
  const int64_t version = Await(kTaker, id, types::v1::REFERRAL_STATE_TAKEN_UP).version();
  EXPECT_EQ(ReasonOf(Answer(id, version, /*taken=*/false)), "FIELD_INVALID");
  EXPECT_EQ(Seen(kTaker, id)->version(), version);
  ASSERT_TRUE(Answer(id, version, /*taken=*/true).ok());

  const auto answered = Await(kAsker, id, types::v1::REFERRAL_STATE_ANSWERED);
  eeoc::v1::ChargeOutcome outcome;
  ASSERT_TRUE(answered.answer().UnpackTo(&outcome));
  EXPECT_TRUE(outcome.taken());
  const Ran history = Run("history " + hex);
  EXPECT_EQ(history.code, 0) << history.text;
  for (const char* step : {"request", "received", "take up", "answer"}) {
    EXPECT_THAT(history.text, HasSubstr(step));
  }
  EXPECT_THAT(history.text, HasSubstr("nobody holds a next move"));
}

TEST_F(SeventhAgencyTest, OthersCannotAskWhatTheyDoNotList) {
  ASSERT_NO_FATAL_FAILURE(StartBus());
  const std::string person = "pv-01hzy8q3r7w5x2k9m4n6p8s0tv";
  auto wrong_unit = Opening(person);
  wrong_unit.set_to_unit("eeoc/budget");
  EXPECT_EQ(ReasonOf(Ask(kAsker, &CaseworkService::Stub::OpenReferral, wrong_unit).status()),
            "FIELD_INVALID");
  auto not_listed = Opening(person);
  not_listed.set_from_unit("hhs/orr");
  EXPECT_EQ(ReasonOf(Ask("orr-3101", &CaseworkService::Stub::OpenReferral, not_listed).status()),
            "PROCEDURE_UNKNOWN");
  casework::v1::ListReferralsRequest all;
  EXPECT_EQ(Must(Ask(kTaker, &CaseworkService::Stub::ListReferrals, all), "list").referrals_size(),
            0);
}

TEST_F(SeventhAgencyTest, SpoiltFileStartsNothing) {
  std::ofstream(folder_ / "eeoc.textproto", std::ios::trunc) << "identity {}";
  const Ran ran = Run(absl::StrCat("dev --once --data ", (folder_ / "bus").string(), " --agency ",
                                   (folder_ / "eeoc.textproto").string()));
  EXPECT_EQ(ran.code, 2) << ran.text;
  EXPECT_THAT(ran.text, HasSubstr("eeoc.textproto: identity names no agency"));
  EXPECT_FALSE(fs::exists(folder_ / "bus"));
}

}  // namespace
}  // namespace waystation::harness
