#ifndef WAYSTATION_TESTS_HARNESS_DRAFTS_H_
#define WAYSTATION_TESTS_HARNESS_DRAFTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "tests/harness/test_bus.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::harness {

inline constexpr char kReportType[] = "waystation.program.report.v1";
inline constexpr char kCaseType[] = "waystation.case.v1";

// Makes messages as an agency would, and lets a test spoil each part of them:
// nothing here checks what it signs.
//
//   Drafts doj(bus, kDoj);
//   bus::v1::Header header = doj.Report(kIns);
//   header.set_ordering_key("k");
//   bus::v1::SignedMessage message = doj.Sign(header, "payload");
//
// Thread-safe.
class Drafts {
 public:
  Drafts(TestBus& bus, std::string_view path);

  // A header with a fresh id, without payload fields.
  bus::v1::Header Report(std::string_view recipient_path) const;
  bus::v1::Header Case(std::string_view recipient_path, const std::string& referral_id,
                       types::v1::Transition transition, uint64_t expected_version) const;

  // Fills in digest and size of the payload and signs.
  bus::v1::SignedMessage Sign(bus::v1::Header header, std::string payload) const;
  // Signs header bytes as they are.
  bus::v1::SignedMessage SignBytes(std::string header_bytes, std::string payload) const;
  // As Sign, with one signature over all.
  std::vector<bus::v1::SignedMessage> SignBatch(const std::vector<bus::v1::Header>& headers,
                                                const std::string& payload) const;

  // Encrypts as every case payload is.
  std::string Seal(std::string_view plaintext, std::string_view recipient_path) const;

  // The receipt of a delivery, not yet signed.
  bus::v1::DeliveryReceipt Receipt(const bus::v1::Delivery& delivery) const;
  bus::v1::ReceiptBatch SignReceipts(const std::vector<bus::v1::DeliveryReceipt>& receipts) const;

  const evidence::Signer& signer() const { return *signer_; }

 private:
  TestBus& bus_;
  const std::shared_ptr<const evidence::Signer> signer_;
};

// 16 random bytes.
std::string NewReferralId();

// The header of a delivery; ends the program when it does not parse.
bus::v1::Header HeaderOf(const bus::v1::SignedMessage& message);

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_HARNESS_DRAFTS_H_
