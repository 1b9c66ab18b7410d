#include "services/audit/findings.h"

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

constexpr char kAuditor[] = "spiffe://waystation.example/auditor";
constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";
constexpr char kIns[] = "spiffe://waystation.example/agency/ins";
constexpr char kHhs[] = "spiffe://waystation.example/agency/hhs";
constexpr char kRequestId[] = "018f0000-0000-7000-8000-000000000001";

class FindingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/findings.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store_ = *AuditStore::Open(
        {folder_ + "/audit.db", *crypto::AeadKey::FromBytes(std::string(32, 'k'))},
        Rules::Default());
    findings_ = std::make_unique<Findings>(*store_, clock_, kAuditor);
    Raise("s", {kDoj, kIns});
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Raise(const std::string& subject, std::vector<std::string> parties) {
    Block block;
    block.fold.findings = {{.rule = Rule::kOverdue,
                            .subject = subject,
                            .time_us = 1,
                            .parties = std::move(parties),
                            .sequences = {1}}};
    ASSERT_TRUE(store_->Keep(block).ok());
  }
  Caller As(const char* identity) { return *findings_->CallerOf(identity); }
  v1::RespondRequest Response() {
    v1::RespondRequest request;
    request.set_request_id(kRequestId);
    request.set_finding_id(id_);
    request.set_kind(v1::RESPONSE_KIND_CONCUR);
    request.set_text("We act.");
    return request;
  }
  absl::Status Respond(const char* as, const v1::RespondRequest& request) {
    v1::RespondResponse response;
    return findings_->Respond(As(as), request, &response);
  }
  absl::Status Close(const char* as, const std::string& reason = "Settled.") {
    v1::CloseFindingRequest request;
    request.set_finding_id(id_);
    request.set_reason(reason);
    v1::CloseFindingResponse response;
    return findings_->Close(As(as), request, &response);
  }
  v1::Finding Now() {
    v1::GetFindingRequest request;
    request.set_finding_id(id_);
    v1::GetFindingResponse response;
    EXPECT_TRUE(findings_->Get(As(kAuditor), request, &response).ok());
    return response.finding();
  }
  size_t Listed(const char* as, v1::ListFindingsRequest request = {}) {
    v1::ListFindingsResponse response;
    EXPECT_TRUE(findings_->List(As(as), request, &response).ok());
    return static_cast<size_t>(response.findings_size());
  }

  const std::string id_ = FindingId(Rule::kOverdue, "s");
  FakeClock clock_{absl::FromUnixSeconds(1'000)};
  std::string folder_;
  std::unique_ptr<AuditStore> store_;
  std::unique_ptr<Findings> findings_;
};

TEST_F(FindingsTest, OnlyTheAuditorAndAgenciesAreHeard) {
  EXPECT_TRUE(As(kAuditor).is_auditor);
  EXPECT_FALSE(As(kDoj).is_auditor);
  for (const char* identity :
       {"spiffe://waystation.example/operator", "spiffe://waystation.example/auditor/2",
        "spiffe://waystation.example/agency/doj/staff/agent-1101", "doj", ""}) {
    EXPECT_EQ(ReasonOf(findings_->CallerOf(identity).status()), "AUDIT_DENIED") << identity;
  }
}

TEST_F(FindingsTest, AnAgencySeesWhatItIsAPartyTo) {
  EXPECT_EQ(Listed(kAuditor), 1u);
  EXPECT_EQ(Listed(kDoj), 1u);
  EXPECT_EQ(Listed(kHhs), 0u);
  v1::GetFindingRequest request;
  request.set_finding_id(id_);
  v1::GetFindingResponse response;
  EXPECT_EQ(ReasonOf(findings_->Get(As(kHhs), request, &response)), "FINDING_UNKNOWN");
  EXPECT_EQ(ReasonOf(Respond(kHhs, Response())), "FINDING_UNKNOWN");
  EXPECT_EQ(ReasonOf(Close(kHhs)), "FINDING_UNKNOWN");
}

TEST_F(FindingsTest, TheAuditedRespondAndCannotClose) {
  EXPECT_TRUE(Respond(kIns, Response()).ok());
  EXPECT_EQ(ReasonOf(Close(kIns)), "CLOSE_DENIED");
  const v1::Finding finding = Now();
  EXPECT_EQ(finding.state(), v1::FINDING_STATE_OPEN);
  ASSERT_EQ(finding.responses_size(), 1);
  EXPECT_EQ(finding.responses(0).responder(), kIns);
  EXPECT_EQ(finding.responses(0).time().seconds(), 1'000);
}

TEST_F(FindingsTest, TheAuditorClosesOnceAndARuleMayOpenItAgain) {
  EXPECT_TRUE(Close(kAuditor).ok());
  EXPECT_EQ(Now().closing().closed_by(), kAuditor);
  EXPECT_EQ(ReasonOf(Close(kAuditor)), "FINDING_CLOSED");
  // What is closed can still be spoken to.
  EXPECT_TRUE(Respond(kDoj, Response()).ok());
  Raise("s", {kDoj});
  EXPECT_EQ(Now().state(), v1::FINDING_STATE_OPEN);
  EXPECT_EQ(Now().former_closings_size(), 1);
}

TEST_F(FindingsTest, ARetryAddsNothingAndAnotherContentIsRefused) {
  EXPECT_TRUE(Respond(kIns, Response()).ok());
  EXPECT_TRUE(Respond(kIns, Response()).ok());
  EXPECT_EQ(Now().responses_size(), 1);
  v1::RespondRequest other = Response();
  other.set_text("We do not act.");
  EXPECT_EQ(ReasonOf(Respond(kIns, other)), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Respond(kDoj, Response())), "REQUEST_ID_REUSED");
}

TEST_F(FindingsTest, EachFieldIsJudged) {
  v1::RespondRequest bad = Response();
  bad.set_request_id("1");
  EXPECT_EQ(ReasonOf(Respond(kIns, bad)), "REQUEST_ID_INVALID");
  bad = Response();
  bad.clear_kind();
  EXPECT_EQ(ReasonOf(Respond(kIns, bad)), "FIELD_INVALID");
  bad = Response();
  bad.clear_text();
  EXPECT_EQ(ReasonOf(Respond(kIns, bad)), "FIELD_INVALID");
  bad.set_text(std::string(2001, 'x'));
  EXPECT_EQ(ReasonOf(Respond(kIns, bad)), "FIELD_INVALID");
  bad.set_text(std::string(2000, 'x'));
  EXPECT_TRUE(Respond(kIns, bad).ok());
  EXPECT_EQ(ReasonOf(Close(kAuditor, "")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Close(kAuditor, "name: A. Person")), "NAME_NOT_ALLOWED");
}

TEST_F(FindingsTest, ResponsesHaveABound) {
  v1::RespondRequest request = Response();
  for (int i = 0; i < 100; ++i) {
    std::string id = kRequestId;
    id[34] = static_cast<char>('0' + i / 10);
    id[35] = static_cast<char>('0' + i % 10);
    request.set_request_id(id);
    EXPECT_TRUE(Respond(kIns, request).ok());
  }
  request.set_request_id("018f0000-0000-7000-8000-00000000ffff");
  EXPECT_EQ(ReasonOf(Respond(kIns, request)), "RESPONSES_FULL");
}

TEST_F(FindingsTest, PagesCoverEveryFindingOnce) {
  for (int i = 0; i < 6; ++i) Raise(std::string(1, static_cast<char>('a' + i)), {kDoj});
  v1::ListFindingsRequest request;
  request.set_page_size(3);
  std::vector<std::string> ids;
  int pages = 0;
  do {
    v1::ListFindingsResponse response;
    ASSERT_TRUE(findings_->List(As(kAuditor), request, &response).ok());
    for (const v1::Finding& finding : response.findings()) ids.push_back(finding.finding_id());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(ids.size(), 7u);
  EXPECT_EQ(ids.back(), id_);
  v1::ListFindingsResponse response;
  request.set_page_token("x");
  EXPECT_EQ(ReasonOf(findings_->List(As(kAuditor), request, &response)), "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_page_size(201);
  EXPECT_EQ(ReasonOf(findings_->List(As(kAuditor), request, &response)), "PAGE_SIZE_INVALID");
}

TEST_F(FindingsTest, ProceduresAreListedOldestFirstForTheAuditorAlone) {
  Block block;
  for (char c : {'a', 'b', 'c'}) {
    block.procedures.push_back({0, std::string(16, c), std::string("for ") + c});
  }
  block.procedures.push_back({0, std::string(16, 'a'), "something else"});
  ASSERT_TRUE(store_->Keep(block).ok());
  v1::ListProceduresRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    v1::ListProceduresResponse page;
    ASSERT_TRUE(findings_->ListProcedures(As(kAuditor), request, &page).ok());
    for (const auto& one : page.procedures()) seen.push_back(one.procedure());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"for a", "for b", "for c"})) << "the first word stands";
  v1::ListProceduresResponse response;
  EXPECT_EQ(ReasonOf(findings_->ListProcedures(As(kDoj), request, &response)), "AUDIT_DENIED");
  for (const char* token : {"x", "p", "p0", "p-1", "f1"}) {
    request.set_page_token(token);
    EXPECT_EQ(ReasonOf(findings_->ListProcedures(As(kAuditor), request, &response)),
              "PAGE_TOKEN_INVALID")
        << token;
  }
  request.clear_page_token();
  request.set_page_size(1001);
  EXPECT_EQ(ReasonOf(findings_->ListProcedures(As(kAuditor), request, &response)),
            "PAGE_SIZE_INVALID");
}

}  // namespace
}  // namespace waystation::audit
