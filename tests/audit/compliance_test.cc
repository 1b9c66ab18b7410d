#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "common/client/sealed.h"
#include "common/config/file.h"
#include "common/crypto/cms.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"
#include "waystation/audit/v1/compliance.pb.h"
#include "waystation/memo/v1/memo.pb.h"

// What agencies tell the auditor, and he them, over a real bus with each side real in
// turn.

namespace waystation::harness {
namespace {

using audit::v1::AuditService;
using audit::v1::ComplianceEvent;
using audit::v1::Finding;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kComplianceType[] = "waystation.audit.compliance.v1";
constexpr char kFindingType[] = "waystation.audit.finding.v1";
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr size_t kPemBytesMax = 64 * 1024;

// Files below a folder that hold a text.
std::vector<std::string> FilesWith(const std::string& folder, std::string_view text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.find(text) != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

class ComplianceTest : public testing::Test {
 protected:
  ComplianceTest() : doj_(bus_, kDoj), ins_(bus_, kIns) {
    bus_.Start();
    bus_.StartAudit();
  }

  ComplianceEvent Cap(uint64_t used) {
    ComplianceEvent event;
    event.mutable_time()->set_seconds(absl::ToUnixSeconds(bus_.clock().Now()));
    event.mutable_cap()->set_what("T status, principals");
    event.mutable_cap()->set_citation("TVPA 107(e)(2)");
    event.mutable_cap()->set_fiscal_year(2002);
    event.mutable_cap()->set_limit(5000);
    event.mutable_cap()->set_used(used);
    return event;
  }
  static memo::v1::Memo Memo(const Drafts& from, std::string_view to, const std::string& type,
                             const std::string& body) {
    memo::v1::Memo memo;
    memo.set_sender(from.signer().identity());
    memo.add_recipients(cli::DevIdentity(to));
    memo.set_type(type);
    memo.set_body(body);
    static uint64_t place = 0;
    memo.set_place(++place);
    return memo;
  }
  static bus::v1::Header HeaderFor(const Drafts& from, std::string_view to,
                                   const std::string& type) {
    bus::v1::Header header = from.Report(to);
    header.set_type(type);
    header.set_datacontenttype("application/pkcs7-mime; smime-type=authEnveloped-data");
    return header;
  }
  absl::Status SendMemo(const Drafts& from, std::string_view path, const memo::v1::Memo& memo,
                        std::string_view to = kAuditor) {
    const std::string payload = from.Seal(memo.SerializeAsString(), to);
    return Publish(bus_.Channel(path), from.Sign(HeaderFor(from, to, memo.type()), payload))
        .status();
  }
  void Say(const Drafts& from, std::string_view path, const ComplianceEvent& event) {
    Require(SendMemo(from, path, Memo(from, kAuditor, kComplianceType, event.SerializeAsString())),
            "memo");
  }

  std::vector<Finding> Open(const std::string& rule) {
    auto stub =
        AuditService::NewStub(bus_.ChannelTo(bus_.Files(kAuditor), bus_.audit_address(), kAuditor));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.set_wait_for_ready(true);
    audit::v1::ListFindingsRequest request;
    request.set_rule_id(rule);
    request.set_open_only(true);
    audit::v1::ListFindingsResponse response;
    Require(rpc::FromGrpcStatus(stub->ListFindings(&context, request, &response)), "list");
    return {response.findings().begin(), response.findings().end()};
  }
  bool AwaitOpen(const std::string& rule, size_t count = 1) {
    return Eventually([&] { return Open(rule).size() == count; }, kPatience);
  }

  // The next finding in INS's queue, opened with its own key.
  Finding NextToldTo(Puller& puller) {
    const auto got = puller.Next(kPatience);
    WS_CHECK(got.has_value());
    EXPECT_TRUE(puller.AckAndConfirm(*got));
    auto read = [&](const std::string& path) {
      return Must(config::ReadFile(path, kPemBytesMax), path);
    };
    const std::vector<crypto::DecryptionKey> keys = {
        Must(crypto::DecryptionKey::FromPem(
                 read(bus_.layout().KeyPath(kIns, crypto::KeyUse::kEncrypt)),
                 read(bus_.layout().CertificatePath(kIns, crypto::KeyUse::kEncrypt))),
             "key")};
    memo::v1::Memo memo;
    WS_CHECK(
        memo.ParseFromString(Must(client::OpenPayload(got->message().payload(), keys), "payload")));
    const bus::v1::Header header = HeaderOf(got->message());
    EXPECT_EQ(header.source(), cli::DevIdentity(kAuditor));
    EXPECT_EQ(header.type(), kFindingType);
    EXPECT_EQ(memo.sender(), header.source());
    EXPECT_THAT(memo.recipients(), ElementsAre(cli::DevIdentity(kIns)));
    audit::v1::FindingNotice notice;
    WS_CHECK(notice.ParseFromString(memo.body()));
    return notice.finding();
  }

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
};

TEST_F(ComplianceTest, AnEventIsFoundToldToItsPartyAndEnded) {
  Say(ins_, kIns, Cap(5'001));
  ASSERT_TRUE(AwaitOpen("cap-exceeded"));
  const Finding finding = Open("cap-exceeded")[0];
  EXPECT_THAT(finding.parties(), ElementsAre(cli::DevIdentity(kIns)));
  EXPECT_THAT(finding.detail(), HasSubstr("5001 of 5000 (TVPA 107(e)(2))"));
  const auto records = ReadRecords(bus_, finding.sequences(0), finding.sequences(0));
  EXPECT_TRUE(records[0].has_accepted()) << "the memo itself proves it";

  Puller puller(bus_.Channel(kIns), ins_);
  const Finding opened = NextToldTo(puller);
  EXPECT_EQ(opened.finding_id(), finding.finding_id());
  EXPECT_EQ(opened.state(), audit::v1::FINDING_STATE_OPEN);

  Say(ins_, kIns, Cap(12));
  ASSERT_TRUE(AwaitOpen("cap-exceeded", 0));
  EXPECT_EQ(NextToldTo(puller).state(), audit::v1::FINDING_STATE_CLOSED);
}

TEST_F(ComplianceTest, EventsAreAppliedOnceAndInOrderWhenTheAuditorIsKilled) {
  for (uint64_t used = 4'990; used <= 5'000; ++used) {
    Say(ins_, kIns, Cap(used));
    if (used % 4 != 0) continue;
    bus_.KillAudit();
    bus_.StartAudit();
  }
  ASSERT_TRUE(AwaitOpen("cap-reached"));
  EXPECT_THAT(Open("cap-near"), IsEmpty());
  EXPECT_EQ(Open("cap-reached")[0].sequence_count(), 1u);
  bus_.KillAudit();
  bus_.StartAudit();
  ASSERT_TRUE(AwaitOpen("cap-reached"));
  EXPECT_EQ(Open("cap-reached")[0].sequence_count(), 1u);
}

TEST_F(ComplianceTest, WhatIsMalformedOrAnothersToTellIsQuarantinedAndTheNextOneCounts) {
  Say(doj_, kDoj, Cap(9'999));
  ComplianceEvent broken = Cap(9'999);
  broken.mutable_cap()->clear_limit();
  Say(ins_, kIns, broken);
  Require(SendMemo(ins_, kIns, Memo(ins_, kAuditor, kComplianceType, "no event")), "memo");
  // A ciphertext that DOJ made, under a header of INS.
  Require(
      SendMemo(ins_, kIns, Memo(doj_, kAuditor, kComplianceType, Cap(9'999).SerializeAsString())),
      "memo");
  Require(Publish(bus_.Channel(kIns),
                  ins_.Sign(HeaderFor(ins_, kAuditor, kComplianceType), "not encrypted"))
              .status(),
          "memo");
  Say(ins_, kIns, Cap(5'000));
  ASSERT_TRUE(AwaitOpen("cap-reached"));
  EXPECT_THAT(Open("cap-exceeded"), IsEmpty());
  size_t quarantined = 0;
  for (const auto& record : ReadRecords(bus_, 1, LastSequence(bus_.Channel(kOperator)))) {
    for (const std::string& bytes : record.delivered().receipts()) {
      bus::v1::DeliveryReceipt receipt;
      WS_CHECK(receipt.ParseFromString(bytes));
      quarantined += receipt.outcome() == bus::v1::DELIVERY_OUTCOME_QUARANTINED ? 1 : 0;
    }
  }
  EXPECT_EQ(quarantined, 5u);
}

TEST_F(ComplianceTest, TheBusRefusesMemosThatAreNotTheSendersToSendOrSayTooMuch) {
  const std::string body = Cap(1).SerializeAsString();
  EXPECT_EQ(ReasonOf(SendMemo(doj_, kDoj, Memo(doj_, kIns, kComplianceType, body), kIns)),
            "POLICY_DENIED");
  EXPECT_EQ(ReasonOf(SendMemo(doj_, kDoj, Memo(doj_, kIns, kFindingType, body), kIns)),
            "POLICY_DENIED");
  bus::v1::Header clear = HeaderFor(ins_, kAuditor, kComplianceType);
  clear.set_datacontenttype("application/octet-stream");
  EXPECT_EQ(ReasonOf(Publish(bus_.Channel(kIns), ins_.Sign(clear, body)).status()),
            "PAYLOAD_NOT_ENCRYPTED");
  bus::v1::Header subject = HeaderFor(ins_, kAuditor, kComplianceType);
  subject.set_subject("cap");
  EXPECT_EQ(ReasonOf(Publish(bus_.Channel(kIns), ins_.Sign(subject, body)).status()),
            "SUBJECT_ON_MEMO");
}

TEST_F(ComplianceTest, NoWordOfAnEventOrAFindingIsInAFileOrALog) {
  ComplianceEvent duties;
  duties.mutable_time()->set_seconds(1);
  duties.mutable_duties()->set_person("pv-planted-handle");
  duties.mutable_duties()->set_unit("ins/investigations");
  duties.mutable_duties()->mutable_since()->set_seconds(1);
  audit::v1::OpenDuty& open = *duties.mutable_duties()->add_open();
  open.set_text("planted words of a duty");
  open.set_citation("TVPA 107(c)(1)(B)");
  Say(ins_, kIns, duties);
  ASSERT_TRUE(AwaitOpen("duty-missing"));
  Say(ins_, kIns, Cap(5'001));
  ASSERT_TRUE(AwaitOpen("cap-exceeded"));
  Puller puller(bus_.Channel(kIns), ins_);
  EXPECT_EQ(NextToldTo(puller).rule_id(), "duty-missing");
  EXPECT_EQ(NextToldTo(puller).rule_id(), "cap-exceeded");
  bus_.Stop();
  for (const char* planted : {"T status, principals", "planted"}) {
    for (const char* folder : {"/broker", "/log", "/audit"}) {
      EXPECT_THAT(FilesWith(bus_.dir() + folder, planted), IsEmpty()) << planted;
    }
  }
  EXPECT_THAT(FilesWith(bus_.dir() + "/broker", kComplianceType), Not(IsEmpty())) << "it looks";
}

}  // namespace
}  // namespace waystation::harness
