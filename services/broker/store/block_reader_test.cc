#include "services/broker/store/block_reader.h"

#include <string>

#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

// The bytes that are signed do not go by way of Protobuf; they are Protobuf's.
TEST(CustodyReceiptBytesTest, AreThoseOfTheMessageInTheContract) {
  bus::v1::Header header;
  header.set_id("01912d68-783e-7a03-8467-5661c1243ad4");
  journal::v1::Record record;
  record.set_sequence(300);
  record.mutable_accepted()->set_envelope_hash(std::string(32, 'e'));
  record.mutable_accepted()->set_certificate_sha256(std::string(32, 'c'));
  record.mutable_accepted()->set_policy_version(7);
  for (int64_t time_us : {int64_t{1'700'000'000'000'000}, int64_t{1'700'000'000'000'001}}) {
    for (uint64_t crl_number : {uint64_t{0}, uint64_t{1} << 40}) {
      record.set_time_us(time_us);
      record.mutable_accepted()->set_crl_number(crl_number);
      bus::v1::CustodyReceipt want;
      want.set_message_id(header.id());
      want.set_envelope_hash(record.accepted().envelope_hash());
      want.set_sequence(300);
      want.mutable_accept_time()->set_seconds(time_us / 1'000'000);
      want.mutable_accept_time()->set_nanos(static_cast<int>(time_us % 1'000'000 * 1'000));
      want.set_certificate_sha256(record.accepted().certificate_sha256());
      want.set_crl_number(crl_number);
      want.set_policy_version(7);
      want.set_bus_id("0123456789abcdef");
      EXPECT_EQ(CustodyReceiptBytes(record, header, "0123456789abcdef"), want.SerializeAsString());
    }
  }
}

}  // namespace
}  // namespace waystation::broker
