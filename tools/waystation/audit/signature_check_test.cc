#include "tools/waystation/audit/signature_check.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/log_leaf.h"
#include "common/evidence/message.h"
#include "common/evidence/signer.h"
#include "common/evidence/test_bus.h"
#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/audit/log_check.h"

namespace waystation::cli {
namespace {

using evidence::Signer;
using evidence::TestBus;
using journal::v1::Record;
using testing::StartsWith;

std::string CertificateOf(const Signer& signer) {
  return std::string(crypto::AsBytes(signer.certificate().sha256()));
}

// DOJ sends INS two messages in one block, INS receives both and answers.
class SignatureCheckTest : public testing::Test {
 protected:
  // Records of the log.
  static constexpr uint64_t kEpoch = 2;
  static constexpr uint64_t kFirstAccepted = 3;
  static constexpr uint64_t kCustody = 5;
  static constexpr uint64_t kDelivered = 6;
  static constexpr uint64_t kAnswerAccepted = 7;

  SignatureCheckTest() {
    Record opened;
    opened.mutable_epoch_opened()->set_epoch(1);
    opened.mutable_epoch_opened()->set_broker(broker_.identity());
    opened.mutable_epoch_opened()->set_log_origin(log_.log_name().name());
    log_.Add(std::move(opened));
    AddBlock(doj_, "/agency/ins", 2);
    AddReceipts(ins_);
    AddBlock(ins_, "/agency/doj", 1);
    AddReceipts(doj_);
    log_.AddCheckpoint();
  }

  void AddBlock(const Signer& from, std::string_view to, int messages) {
    received_.clear();
    std::vector<crypto::Digest> leaves;
    for (int i = 0; i < messages; ++i) {
      bus::v1::Header header = evidence::TestHeader("/agency/doj", to, ++messages_, "payload");
      header.set_source(from.identity());
      const bus::v1::SignedMessage message = evidence::TestMessage(from, header, "payload");
      Record record;
      record.mutable_accepted()->set_header(message.header());
      record.mutable_accepted()->set_signature(message.signature().SerializeAsString());
      record.mutable_accepted()->set_envelope_hash(
          std::string(crypto::AsBytes(evidence::EnvelopeHash(message.header()))));
      record.mutable_accepted()->set_certificate_sha256(CertificateOf(from));
      record = log_.Add(std::move(record));
      leaves.push_back(
          evidence::LeafHash(evidence::kCustodyReceiptContent,
                             evidence::CustodyReceiptBytes(record, header.id(), log_.bus_id())));
      received_.push_back(message.header());
    }
    if (first_block_.empty()) first_block_ = leaves;
    Record custody;
    SignCustody(broker_, leaves, custody);
    log_.Add(std::move(custody));
  }
  void AddReceipts(const Signer& by) {
    std::vector<std::string> receipts;
    for (const std::string& bytes : received_) {
      bus::v1::DeliveryReceipt receipt;
      receipt.set_message_id(evidence::ParseHeader(bytes)->id());
      receipt.set_envelope_hash(std::string(crypto::AsBytes(evidence::EnvelopeHash(bytes))));
      receipt.set_recipient(by.identity());
      receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
      receipt.set_attempt(1);
      receipts.push_back(receipt.SerializeAsString());
    }
    Record record;
    record.mutable_delivered()->set_queue(by.identity());
    SignReceipts(by, receipts, record);
    log_.Add(std::move(record));
  }

  static void SignCustody(const Signer& signer, const std::vector<crypto::Digest>& leaves,
                          Record& record) {
    auto batch = signer.SignBatchDetached(leaves, TestBus::Now());
    ASSERT_TRUE(batch.ok()) << batch.status();
    record.mutable_custody_signed()->set_statement(batch->statement());
    record.mutable_custody_signed()->set_signature(batch->signature());
    record.mutable_custody_signed()->set_certificate_sha256(CertificateOf(signer));
  }
  static void SignReceipts(const Signer& signer, std::vector<std::string> receipts,
                           Record& record) {
    auto batch = signer.SignReceipts(std::move(receipts), TestBus::Now());
    ASSERT_TRUE(batch.ok()) << batch.status();
    record.mutable_delivered()->set_statement(batch->statement());
    record.mutable_delivered()->set_signature(batch->signature());
    record.mutable_delivered()->set_certificate_sha256(batch->certificate_sha256());
    *record.mutable_delivered()->mutable_receipts() = batch->receipts();
  }
  static void SignHeader(const Signer& signer, Record& record) {
    auto signature = signer.SignOne(evidence::kHeaderContent, record.accepted().header());
    ASSERT_TRUE(signature.ok()) << signature.status();
    record.mutable_accepted()->set_signature(signature->SerializeAsString());
  }
  static std::vector<std::string> ReceiptsOf(const Record& record) {
    return {record.delivered().receipts().begin(), record.delivered().receipts().end()};
  }

  // The log with one record forged and everything around it made anew, so that
  // hashes, leaves and checkpoint fit.
  TestLog Forged(uint64_t sequence, const std::function<void(Record&)>& forge) const {
    TestLog forged(TestBus::Now(), bus_.directory());
    for (size_t i = 1; i < log_.records().size(); ++i) {
      Record record;
      EXPECT_TRUE(record.ParseFromString(log_.records()[i]));
      if (record.has_checkpoint_signed()) continue;
      if (record.sequence() == sequence) forge(record);
      forged.Add(std::move(record));
    }
    forged.AddCheckpoint();
    return forged;
  }

  // What `audit verify` says without --signatures.
  static absl::Status JudgeLog(const TestLog& log) {
    auto policy = tlog::Policy::Parse("log " + log.log_name().ToString() + "\nquorum none\n");
    if (!policy.ok()) return policy.status();
    LogCheck check(*policy, nullptr);
    for (const std::string& record : log.records()) {
      WS_RETURN_IF_ERROR(check.Take(record));
    }
    return check.Finish();
  }
  absl::Status JudgeSignatures(const TestLog& log, crypto::TrustStore trust) {
    SignatureCheck check(std::move(trust));
    for (const std::string& record : log.records()) {
      WS_RETURN_IF_ERROR(check.Take(record));
    }
    verified_ = check.verified();
    return absl::OkStatus();
  }

  void ExpectFound(const std::string& name, uint64_t sequence,
                   const std::function<void(Record&)>& forge,
                   absl::StatusCode code = absl::StatusCode::kUnauthenticated) {
    SCOPED_TRACE(name);
    const TestLog forged = Forged(sequence, forge);
    EXPECT_TRUE(JudgeLog(forged).ok()) << JudgeLog(forged);
    const absl::Status judged = JudgeSignatures(forged, bus_.Trust());
    EXPECT_EQ(judged.code(), code) << judged;
    EXPECT_THAT(std::string(judged.message()), StartsWith(absl::StrCat("record ", sequence, ": ")));
  }

  TestBus bus_;
  const Signer doj_ = bus_.Enroll("/agency/doj");
  const Signer ins_ = bus_.Enroll("/agency/ins");
  const Signer broker_ = bus_.Enroll("/broker/1");
  TestLog log_{TestBus::Now(), bus_.directory()};
  uint64_t messages_ = 0;
  std::vector<std::string> received_;        // Headers of the last block.
  std::vector<crypto::Digest> first_block_;  // Leaves of its custody receipts.
  uint64_t verified_ = 0;
};

TEST_F(SignatureCheckTest, AGoodLogPassesAndEverySignatureCounts) {
  EXPECT_TRUE(JudgeLog(log_).ok()) << JudgeLog(log_);
  const absl::Status judged = JudgeSignatures(log_, bus_.Trust());
  EXPECT_TRUE(judged.ok()) << judged;
  EXPECT_EQ(verified_, 9u) << "three messages, each with two receipts";
}

// What the forgeries below are made with does not itself spoil a log.
TEST_F(SignatureCheckTest, ALogThatIsMadeAnewWithoutAForgeryPasses) {
  const TestLog same = Forged(kDelivered, [](Record&) {});
  EXPECT_EQ(same.records(), log_.records());
  const TestLog signed_again =
      Forged(kFirstAccepted, [this](Record& record) { SignHeader(doj_, record); });
  EXPECT_TRUE(JudgeLog(signed_again).ok());
  EXPECT_TRUE(JudgeSignatures(signed_again, bus_.Trust()).ok());
}

TEST_F(SignatureCheckTest, NamesTheRecordOfAForgedHeaderSignature) {
  const Signer stranger = bus_.Stranger("/agency/doj");
  ExpectFound("of another agency", kFirstAccepted,
              [this](Record& record) { SignHeader(ins_, record); });
  ExpectFound("of nobody enrolled", kFirstAccepted,
              [&](Record& record) { SignHeader(stranger, record); });
  ExpectFound("of another key by the name of DOJ's", kFirstAccepted, [&](Record& record) {
    auto signature = stranger.SignOne(evidence::kHeaderContent, record.accepted().header());
    signature->set_certificate_sha256(CertificateOf(doj_));
    record.mutable_accepted()->set_signature(signature->SerializeAsString());
  });
  ExpectFound("of other bytes", kAnswerAccepted, [](Record& record) {
    bus::v1::Header header = *evidence::ParseHeader(record.accepted().header());
    header.set_payload_size(header.payload_size() + 1);
    record.mutable_accepted()->set_header(header.SerializeAsString());
    record.mutable_accepted()->set_envelope_hash(
        std::string(crypto::AsBytes(evidence::EnvelopeHash(record.accepted().header()))));
  });
  ExpectFound(
      "none", kAnswerAccepted, [](Record& record) { record.mutable_accepted()->clear_signature(); },
      absl::StatusCode::kInvalidArgument);
}

TEST_F(SignatureCheckTest, NamesTheRecordOfAForgedCustodyReceipt) {
  const Signer stranger = bus_.Stranger("/broker/1");
  ExpectFound("of an agency", kCustody,
              [this](Record& record) { SignCustody(ins_, first_block_, record); });
  ExpectFound("of another key by the name of the broker's", kCustody, [&](Record& record) {
    SignCustody(stranger, first_block_, record);
    record.mutable_custody_signed()->set_certificate_sha256(CertificateOf(broker_));
  });
  ExpectFound("over one of two messages", kCustody,
              [this](Record& record) { SignCustody(broker_, {first_block_[0]}, record); });
  ExpectFound("over the messages in another order", kCustody, [this](Record& record) {
    SignCustody(broker_, {first_block_[1], first_block_[0]}, record);
  });
  ExpectFound("by an agency that calls itself the broker", kEpoch, [this](Record& record) {
    record.mutable_epoch_opened()->set_broker(ins_.identity());
  });
}

TEST_F(SignatureCheckTest, NamesTheRecordOfAForgedReceiptBatch) {
  const Signer stranger = bus_.Stranger("/agency/ins");
  ExpectFound("of the sender", kDelivered,
              [this](Record& record) { SignReceipts(doj_, ReceiptsOf(record), record); });
  ExpectFound("of another key by the name of the recipient's", kDelivered, [&](Record& record) {
    SignReceipts(stranger, ReceiptsOf(record), record);
    record.mutable_delivered()->set_certificate_sha256(CertificateOf(ins_));
  });
  ExpectFound("of another outcome", kDelivered, [](Record& record) {
    bus::v1::DeliveryReceipt receipt;
    ASSERT_TRUE(receipt.ParseFromString(record.delivered().receipts(1)));
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_QUARANTINED);
    record.mutable_delivered()->set_receipts(1, receipt.SerializeAsString());
  });
  ExpectFound(
      "with one receipt fewer", kDelivered,
      [](Record& record) { record.mutable_delivered()->mutable_receipts()->RemoveLast(); },
      absl::StatusCode::kInvalidArgument);
}

TEST_F(SignatureCheckTest, NamesTheFirstRecordOfACertificateThatWasRevokedByThen) {
  auto crl =
      bus_.authority().IssueCrl({{ins_.certificate().serial(), TestBus::Now() - absl::Hours(1)}}, 2,
                                TestBus::Now() - absl::Hours(1), TestBus::Now() + absl::Hours(24));
  ASSERT_TRUE(crl.ok()) << crl.status();
  auto trust = crypto::TrustStore::Create(bus_.roots_pem(), *crl, absl::ZeroDuration());
  ASSERT_TRUE(trust.ok()) << trust.status();
  const absl::Status judged = JudgeSignatures(log_, *std::move(trust));
  EXPECT_TRUE(absl::IsUnauthenticated(judged)) << judged;
  EXPECT_THAT(std::string(judged.message()), StartsWith("record 6: "));
  EXPECT_EQ(ReasonOf(judged), "CERTIFICATE_REVOKED");
}

TEST_F(SignatureCheckTest, WhatIsNoRecordOrComesBeforeTheGenesisIsRefused) {
  SignatureCheck check(bus_.Trust());
  EXPECT_TRUE(absl::IsDataLoss(check.Take("\xff\xff")));
  EXPECT_TRUE(absl::IsDataLoss(check.Take(log_.records()[kFirstAccepted - 1])));
  EXPECT_EQ(check.verified(), 0u);
}

}  // namespace
}  // namespace waystation::cli
