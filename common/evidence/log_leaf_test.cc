#include "common/evidence/log_leaf.h"

#include <string>

#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

constexpr std::string_view kBusId = "0123456789abcdef";
constexpr std::string_view kMessageId = "01912d68-783e-7a03-8467-5661c1243ad4";

journal::v1::Record AcceptedRecord() {
  bus::v1::Header header;
  header.set_id(std::string(kMessageId));
  journal::v1::Record record;
  record.set_sequence(300);
  record.set_time_us(1'700'000'000'000'001);
  record.set_salt(std::string(kLogSaltBytes, 's'));
  record.set_log_index(298);
  record.mutable_accepted()->set_header(header.SerializeAsString());
  record.mutable_accepted()->set_envelope_hash(std::string(32, 'e'));
  record.mutable_accepted()->set_certificate_sha256(std::string(32, 'c'));
  record.mutable_accepted()->set_policy_version(7);
  return record;
}

// The bytes that are signed do not go by way of Protobuf; they are Protobuf's.
TEST(CustodyReceiptBytesTest, AreThoseOfTheMessageInTheContract) {
  journal::v1::Record record = AcceptedRecord();
  for (int64_t time_us : {int64_t{1'700'000'000'000'000}, int64_t{1'700'000'000'000'001}}) {
    for (uint64_t crl_number : {uint64_t{0}, uint64_t{1} << 40}) {
      record.set_time_us(time_us);
      record.mutable_accepted()->set_crl_number(crl_number);
      bus::v1::CustodyReceipt want;
      want.set_message_id(std::string(kMessageId));
      want.set_envelope_hash(record.accepted().envelope_hash());
      want.set_sequence(300);
      want.mutable_accept_time()->set_seconds(time_us / 1'000'000);
      want.mutable_accept_time()->set_nanos(static_cast<int>(time_us % 1'000'000 * 1'000));
      want.set_certificate_sha256(record.accepted().certificate_sha256());
      want.set_crl_number(crl_number);
      want.set_policy_version(7);
      want.set_bus_id(std::string(kBusId));
      EXPECT_EQ(CustodyReceiptBytes(record, kMessageId, kBusId), want.SerializeAsString());
    }
  }
}

TEST(LogLeafTest, LeafIsTheMessageInTheContract) {
  const journal::v1::Record record = AcceptedRecord();
  const std::string bytes = record.SerializeAsString();
  auto leaf = LogLeafOf(record, bytes, kBusId);
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  auto parsed = ParseLogLeaf(*leaf);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->SerializeAsString(), *leaf);
  EXPECT_EQ(parsed->sequence(), 300);
  EXPECT_EQ(parsed->time_us(), record.time_us());
  EXPECT_EQ(parsed->kind(), journal::v1::Record::kAccepted);
  EXPECT_EQ(parsed->record_sha256(), crypto::AsBytes(crypto::Sha256(bytes)));
  const crypto::Digest receipt =
      LeafHash(kCustodyReceiptContent, CustodyReceiptBytes(record, kMessageId, kBusId));
  EXPECT_EQ(parsed->evidence_sha256(), crypto::AsBytes(SaltedEvidence(record.salt(), receipt)));
}

TEST(LogLeafTest, SignedStatementsAreTheEvidenceOfTheirRecords) {
  journal::v1::Record record = AcceptedRecord();
  record.mutable_delivered()->set_statement("statement");
  auto delivered = EvidenceHashOf(record, kBusId);
  ASSERT_TRUE(delivered.ok());
  EXPECT_EQ(*delivered, LeafHash(kBatchContent, "statement"));
  record.mutable_custody_signed()->set_statement("statement");
  auto custody = EvidenceHashOf(record, kBusId);
  ASSERT_TRUE(custody.ok());
  EXPECT_EQ(*custody, *delivered);
  record.mutable_expired()->set_sequence(1);
  auto expired = EvidenceHashOf(record, kBusId);
  ASSERT_TRUE(expired.ok());
  EXPECT_FALSE(expired->has_value());
}

TEST(LogLeafTest, SaltChangesEveryHash) {
  journal::v1::Record record = AcceptedRecord();
  auto one = LogLeafOf(record, record.SerializeAsString(), kBusId);
  record.set_salt(std::string(kLogSaltBytes, 't'));
  auto other = LogLeafOf(record, record.SerializeAsString(), kBusId);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(ParseLogLeaf(*one)->record_sha256(), ParseLogLeaf(*other)->record_sha256());
  EXPECT_NE(ParseLogLeaf(*one)->evidence_sha256(), ParseLogLeaf(*other)->evidence_sha256());
}

TEST(LogLeafTest, RecordWithoutAWholeSaltHasNoLeaf) {
  journal::v1::Record record = AcceptedRecord();
  record.set_salt("short");
  EXPECT_EQ(LogLeafOf(record, record.SerializeAsString(), kBusId).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(LogLeafTest, OnlyTheOneFormIsRead) {
  const journal::v1::Record record = AcceptedRecord();
  auto leaf = LogLeafOf(record, record.SerializeAsString(), kBusId);
  ASSERT_TRUE(leaf.ok());
  struct Case {
    const char* name;
    std::string bytes;
  };
  audit::v1::LogLeaf other_version = *ParseLogLeaf(*leaf);
  other_version.set_version(2);
  audit::v1::LogLeaf short_hash = *ParseLogLeaf(*leaf);
  short_hash.set_record_sha256("x");
  audit::v1::LogLeaf short_evidence = *ParseLogLeaf(*leaf);
  short_evidence.set_evidence_sha256("x");
  const Case cases[] = {
      {"empty", ""},
      {"cut", leaf->substr(0, leaf->size() - 1)},
      {"a field twice", *leaf + std::string("\x10\x05", 2)},
      {"an unknown field", *leaf + std::string("\x78\x05", 2)},
      {"too long", *leaf + std::string(kLogLeafBytesMax, '\0')},
      {"version 2", other_version.SerializeAsString()},
      {"record hash of one byte", short_hash.SerializeAsString()},
      {"evidence hash of one byte", short_evidence.SerializeAsString()},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(ParseLogLeaf(one.bytes).status().code(), absl::StatusCode::kInvalidArgument)
        << one.name;
  }
}

}  // namespace
}  // namespace waystation::evidence
