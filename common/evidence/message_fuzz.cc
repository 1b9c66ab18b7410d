// Messages come from any enrolled agency: reading one must never crash, and a
// header that passes must have one reading only.

#include <cstddef>
#include <cstdint>

#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/evidence/verifier.h"
#include "common/status/status.h"

namespace {

class NobodyEnrolled : public waystation::evidence::CertificateLookup {
 public:
  const waystation::crypto::Certificate* FindSigning(
      std::string_view, const waystation::crypto::Digest&) const override {
    return nullptr;
  }
};

void ReadHeader(std::string_view bytes) {
  auto header = waystation::evidence::ParseHeader(bytes);
  if (!header.ok()) return;
  WS_CHECK(header->ByteSizeLong() == bytes.size());
  using waystation::evidence::MessageForm;
  for (MessageForm form : {MessageForm::kOpen, MessageForm::kCase, MessageForm::kMemo}) {
    absl::Status status = waystation::evidence::CheckHeader(*header, form);
    WS_CHECK(status.ok() || !waystation::ReasonOf(status).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waystation::evidence;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadHeader(bytes);
  (void)ParseDeliveryReceipt(bytes);
  (void)ParseCustodyReceipt(bytes);
  NobodyEnrolled nobody;
  waystation::bus::v1::SignedMessage message;
  if (message.ParseFromArray(data, static_cast<int>(size))) {
    ReadHeader(message.header());
    auto header = ParseHeader(message.header());
    if (header.ok()) (void)CheckLinks(*header, message);
    WS_CHECK(
        !Verifier(nobody).Verify(kHeaderContent, message.header(), message.signature(), "x").ok());
  }
  waystation::bus::v1::ReceiptBatch batch;
  if (batch.ParseFromArray(data, static_cast<int>(size))) {
    WS_CHECK(!Verifier(nobody).VerifyReceiptBatch(batch, "x").ok());
  }
  return 0;
}
