#include "common/crypto/x509_builder.h"

#include <algorithm>

#include "common/crypto/random.h"

namespace waystation::crypto {
namespace {

constexpr char kThing[] = "certificate";
constexpr size_t kSerialBytes = 16;
constexpr size_t kCommonNameBytesMax = 64;  // ub-common-name, RFC 5280 appendix A.

}  // namespace

absl::StatusOr<OpenSslPtr<ASN1_TIME>> Asn1TimeFrom(absl::Time time) {
  const absl::Time first = absl::FromCivil(absl::CivilSecond(1950, 1, 1), absl::UTCTimeZone());
  const absl::Time end = absl::FromCivil(absl::CivilSecond(10000, 1, 1), absl::UTCTimeZone());
  if (time < first || time >= end) {
    return absl::InvalidArgumentError(
        Problem("time", "out of range", absl::FormatTime(time), "the years 1950 to 9999"));
  }
  OpenSslPtr<ASN1_TIME> asn1(ASN1_TIME_set(nullptr, absl::ToTimeT(time)));
  if (asn1 == nullptr) return OpenSslError(absl::StatusCode::kInternal, "time", "not encoded");
  return asn1;
}

X509Builder::X509Builder() : x509_(X509_new()), names_(GENERAL_NAMES_new()) {
  WS_CHECK(x509_ != nullptr && names_ != nullptr);
  Keep(X509_set_version(x509_.get(), X509_VERSION_3) == 1, "version cannot be set");
  SetSerial();
}

void X509Builder::Keep(bool done, std::string_view problem) {
  if (done || !status_.ok()) return;
  status_ = OpenSslError(absl::StatusCode::kInvalidArgument, kThing, problem);
}

void X509Builder::SetSerial() {
  std::string bytes = RandomString(kSerialBytes);
  // Positive, and of full length so that serials sort and print alike.
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);
  OpenSslPtr<BIGNUM> number(BN_bin2bn(Bytes(bytes), kSerialBytes, nullptr));
  Keep(number != nullptr &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509_.get())) != nullptr,
       "serial cannot be set");
}

void X509Builder::SetSubject(std::string_view common_name) {
  bool fits = !common_name.empty() && common_name.size() <= kCommonNameBytesMax;
  Keep(fits && X509_NAME_add_entry_by_NID(X509_get_subject_name(x509_.get()), NID_commonName,
                                          MBSTRING_UTF8, Bytes(common_name),
                                          static_cast<int>(common_name.size()), -1, 0) == 1,
       "common name cannot be set, want 1 to 64 bytes of UTF-8");
}

void X509Builder::SetIssuer(const Certificate* issuer) {
  issuer_ = issuer == nullptr ? x509_.get() : issuer->native();
  Keep(X509_set_issuer_name(x509_.get(), X509_get_subject_name(issuer_)) == 1,
       "issuer cannot be set");
  AddExtension(NID_subject_key_identifier, "hash");
  AddExtension(NID_authority_key_identifier, "keyid:always");
}

void X509Builder::SetValidity(absl::Time not_before, absl::Time not_after) {
  absl::StatusOr<OpenSslPtr<ASN1_TIME>> from = Asn1TimeFrom(not_before);
  absl::StatusOr<OpenSslPtr<ASN1_TIME>> to = Asn1TimeFrom(not_after);
  Keep(from.ok() && to.ok() && not_before < not_after &&
           X509_set1_notBefore(x509_.get(), from->get()) == 1 &&
           X509_set1_notAfter(x509_.get(), to->get()) == 1,
       "validity cannot be set, want not_before before not_after, years 1950 to 9999");
}

void X509Builder::SetKey(const SigningKey& key) {
  Keep(X509_set_pubkey(x509_.get(), key.native()) == 1, "key cannot be set");
}

void X509Builder::AddExtension(int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer_), x509_.get(), nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  OpenSslPtr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  Keep(extension != nullptr && X509_add_ext(x509_.get(), extension.get(), -1) == 1,
       "extension cannot be added");
}

void X509Builder::AddName(int type, const std::string& text) {
  // No control characters: a NUL would end the name early for some readers.
  bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  GENERAL_NAME* name = printable && !text.empty()
                           ? a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, text.c_str(), 0)
                           : nullptr;
  bool kept = name != nullptr && sk_GENERAL_NAME_push(names_.get(), name) > 0;
  if (!kept) GENERAL_NAME_free(name);
  Keep(kept, "subject alternative name cannot be encoded");
}

void X509Builder::AddNames() {
  if (sk_GENERAL_NAME_num(names_.get()) == 0) return;
  Keep(X509_add1_ext_i2d(x509_.get(), NID_subject_alt_name, names_.get(), 0, X509V3_ADD_DEFAULT) ==
           1,
       "subject alternative names cannot be added");
}

absl::StatusOr<Certificate> X509Builder::Sign(const SigningKey& issuer_key) {
  WS_RETURN_IF_ERROR(status_);
  if (X509_sign(x509_.get(), issuer_key.native(), EVP_sha256()) <= 0) {
    return OpenSslError(absl::StatusCode::kInternal, kThing, "cannot be signed");
  }
  return Certificate::FromDer(DerOf(i2d_X509, x509_.get()));
}

}  // namespace waystation::crypto
