#include "common/crypto/cms_shape.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/crypto/cms.h"

namespace waystation::crypto {
namespace {

using std::literals::string_view_literals::operator""sv;

constexpr uint8_t kBitString = 0x03;
constexpr uint8_t kOctetString = 0x04;
constexpr uint8_t kSequence = 0x30;
constexpr uint8_t kSet = 0x31;
constexpr uint8_t kTagged0 = 0xa0;         // [0], constructed.
constexpr uint8_t kTagged1 = 0xa1;         // [1], constructed.
constexpr uint8_t kImplicitOctets = 0x80;  // [0] IMPLICIT OCTET STRING.

// Whole elements in DER, tag and length included.
constexpr std::string_view kVersion0 = "\x02\x01\x00"sv;
constexpr std::string_view kVersion3 = "\x02\x01\x03"sv;
// id-ct-authEnvelopedData, 1.2.840.113549.1.9.16.1.23 (RFC 5083 2).
constexpr std::string_view kAuthEnvelopedData =
    "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"sv;
// id-data, 1.2.840.113549.1.7.1 (RFC 5652 4).
constexpr std::string_view kData = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv;
// id-aes256-GCM, 2.16.840.1.101.3.4.1.46 (RFC 5084 3.2).
constexpr std::string_view kAes256Gcm = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2e"sv;
// id-ecPublicKey, 1.2.840.10045.2.1, with parameters absent, NULL or prime256v1,
// 1.2.840.10045.3.1.7 (RFC 5753 3.1.1 allows all three).
constexpr std::string_view kEcPublicKey = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"sv;
constexpr std::string_view kEcPublicKeyWithNull = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x05\x00"sv;
constexpr std::string_view kEcPublicKeyWithP256 =
    "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;
// No unused bits, then the mark of an uncompressed point (SEC 1, 2.3.3).
constexpr std::string_view kPointPrefix = "\x00\x04"sv;
// dhSinglePass-stdDH-sha256kdf-scheme, 1.3.132.1.11.1, with id-aes256-wrap,
// 2.16.840.1.101.3.4.1.45 (RFC 5753 7.1.4 and 7.1.5).
constexpr std::string_view kKeyAgreement =
    "\x06\x06\x2b\x81\x04\x01\x0b\x01"
    "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d"sv;
constexpr std::string_view kTagLength16 = "\x02\x01\x10"sv;

constexpr size_t kPointBytes = 64;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kWrappedKeyBytes = 40;  // 32 and one block of 8 (RFC 3394).

// Reads DER elements one after another, with the shortest definite lengths only.
// After the first problem nothing more is read.
class DerReader {
 public:
  explicit DerReader(std::string_view der) : rest_(der) {}

  bool AtEnd() const { return !failed_ && rest_.empty(); }
  bool NextIs(uint8_t tag) const {
    return !failed_ && !rest_.empty() && static_cast<uint8_t>(rest_[0]) == tag;
  }

  // The content of the next element, which must have this tag; "" on a problem.
  std::string_view Take(uint8_t tag) {
    if (!NextIs(tag)) return Fail();
    rest_.remove_prefix(1);
    std::optional<size_t> length = TakeLength();
    if (!length || *length > rest_.size()) return Fail();
    std::string_view content = rest_.substr(0, *length);
    rest_.remove_prefix(*length);
    return content;
  }
  DerReader Enter(uint8_t tag) {
    DerReader inner(Take(tag));
    inner.failed_ = failed_;
    return inner;
  }
  // The next element must have this tag and this many bytes of content.
  void Skip(uint8_t tag, size_t bytes) {
    if (Take(tag).size() != bytes) Fail();
  }
  // The next bytes must be exactly these.
  void Expect(std::string_view bytes) {
    if (failed_ || rest_.substr(0, bytes.size()) != bytes) {
      Fail();
      return;
    }
    rest_.remove_prefix(bytes.size());
  }

 private:
  std::string_view Fail() {
    failed_ = true;
    rest_ = {};
    return {};
  }
  std::optional<uint8_t> TakeByte() {
    if (rest_.empty()) return std::nullopt;
    auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  std::optional<size_t> TakeLength() {
    std::optional<uint8_t> first = TakeByte();
    if (!first || *first < 0x80) return first;
    size_t count = *first & 0x7f;
    if (count == 0 || count > 4) return std::nullopt;
    size_t length = 0;
    for (size_t i = 0; i < count; ++i) {
      std::optional<uint8_t> byte = TakeByte();
      if (!byte) return std::nullopt;
      length = length << 8 | *byte;
    }
    bool is_shortest = length >= 0x80 && length >> (8 * (count - 1)) != 0;
    return is_shortest ? std::optional<size_t>(length) : std::nullopt;
  }

  std::string_view rest_;
  bool failed_ = false;
};

// OriginatorPublicKey (RFC 5753 3.1.1) with an uncompressed point of P-256.
bool IsPublicKey(DerReader key) {
  std::string_view algorithm = key.Take(kSequence);
  std::string_view point = key.Take(kBitString);
  return key.AtEnd() && point.size() == kPointPrefix.size() + kPointBytes &&
         point.substr(0, kPointPrefix.size()) == kPointPrefix &&
         (algorithm == kEcPublicKey || algorithm == kEcPublicKeyWithNull ||
          algorithm == kEcPublicKeyWithP256);
}

// KeyAgreeRecipientInfo (RFC 5652 6.2.2) for one recipient. Returns its name,
// "" on another shape.
std::string_view RecipientName(DerReader info) {
  info.Expect(kVersion3);
  DerReader originator = info.Enter(kTagged0);
  bool has_key = IsPublicKey(originator.Enter(kTagged1));
  DerReader agreement = info.Enter(kSequence);
  agreement.Expect(kKeyAgreement);
  DerReader keys = info.Enter(kSequence);
  DerReader key = keys.Enter(kSequence);
  std::string_view name = key.Take(kSequence);
  key.Skip(kOctetString, kWrappedKeyBytes);
  bool complete = has_key && originator.AtEnd() && agreement.AtEnd() && key.AtEnd() &&
                  keys.AtEnd() && info.AtEnd();
  return complete ? name : std::string_view();
}

std::optional<std::vector<std::string_view>> RecipientNames(DerReader infos) {
  std::vector<std::string_view> names;
  while (infos.NextIs(kTagged1)) {
    std::string_view name = RecipientName(infos.Enter(kTagged1));
    if (name.empty() || names.size() == kCmsRecipientsMax) return std::nullopt;
    names.push_back(name);
  }
  if (names.empty() || !infos.AtEnd()) return std::nullopt;
  return names;
}

// EncryptedContentInfo (RFC 5652 6.1) with GCMParameters (RFC 5084 3.2).
bool IsContent(DerReader content) {
  content.Expect(kData);
  DerReader algorithm = content.Enter(kSequence);
  algorithm.Expect(kAes256Gcm);
  DerReader parameters = algorithm.Enter(kSequence);
  parameters.Skip(kOctetString, kNonceBytes);
  parameters.Expect(kTagLength16);
  content.Take(kImplicitOctets);
  return parameters.AtEnd() && algorithm.AtEnd() && content.AtEnd();
}

}  // namespace

std::optional<std::vector<std::string_view>> CmsRecipientNames(std::string_view der) {
  DerReader whole(der);
  DerReader content_info = whole.Enter(kSequence);
  content_info.Expect(kAuthEnvelopedData);
  DerReader explicit0 = content_info.Enter(kTagged0);
  DerReader envelope = explicit0.Enter(kSequence);
  envelope.Expect(kVersion0);
  auto names = RecipientNames(envelope.Enter(kSet));
  bool content = IsContent(envelope.Enter(kSequence));
  envelope.Skip(kOctetString, kTagBytes);
  bool complete =
      content && envelope.AtEnd() && explicit0.AtEnd() && content_info.AtEnd() && whole.AtEnd();
  return complete ? names : std::nullopt;
}

}  // namespace waystation::crypto
