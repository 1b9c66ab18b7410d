#include "tools/waystation/letter_check.h"

#include <algorithm>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/evidence/verifier.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"
#include "google/protobuf/unknown_field_set.h"
#include "tools/waystation/exit_code.h"

namespace waystation::cli {
namespace {

// DSSE payload type of a letter, see SignedLetter in hhs_service.proto.
constexpr std::string_view kLetterContent = "application/vnd.waystation.hhs.letter.v1+protobuf";
constexpr std::string_view kHhsPath = "/agency/hhs";
// A letter is some 100 bytes and a certificate at most 16 KiB.
constexpr size_t kFileBytesMax = size_t{64} * 1024;

// The certificate that a letter carries, for the signer that it names and no other.
class OneCertificate : public evidence::CertificateLookup {
 public:
  explicit OneCertificate(const crypto::Certificate& certificate) : certificate_(certificate) {}

  const crypto::Certificate* FindSigning(std::string_view signer,
                                         const crypto::Digest& sha256) const override {
    const std::vector<std::string>& names = certificate_.uri_sans();
    const bool is_it = certificate_.sha256() == sha256 && names.size() == 1 &&
                       names.front() == signer && certificate_.Allows(crypto::KeyUse::kSign);
    return is_it ? &certificate_ : nullptr;
  }

 private:
  const crypto::Certificate& certificate_;
};

absl::Status Bad(std::string_view problem, std::string_view got, std::string_view want) {
  return Unverified(Problem("letter", problem, got, want));
}

// The file as one message, byte for byte: what the signature does not cover must
// not carry anything either.
absl::StatusOr<hhs::v1::SignedLetter> ReadFile(std::string_view file) {
  hhs::v1::SignedLetter out;
  if (file.size() > kFileBytesMax ||
      !out.ParseFromArray(file.data(), static_cast<int>(file.size())) ||
      !out.GetReflection()->GetUnknownFields(out).empty() || out.signature().has_batch() ||
      out.SerializeAsString() != file) {
    return Bad("not as HHS exports it", absl::StrCat(file.size(), " bytes"),
               "the file of waystation letter export, unaltered");
  }
  return out;
}

absl::Status CheckSigner(const hhs::v1::SignedLetter& file) {
  auto id = rpc::ParseSpiffeId(file.signer());
  if (id.ok() && id->path == kHhsPath) return absl::OkStatus();
  return Bad("not signed by HHS", Quoted(file.signer()), "a signer /agency/hhs");
}

}  // namespace

absl::StatusOr<CheckedLetter> CheckLetterSignature(std::string_view bytes) {
  WS_ASSIGN_OR_RETURN(hhs::v1::SignedLetter file, ReadFile(bytes));
  WS_RETURN_IF_ERROR(CheckSigner(file));
  auto certificate = crypto::Certificate::FromDer(file.certificate());
  if (!certificate.ok()) return Unverified(std::string(certificate.status().message()));
  const OneCertificate lookup(*certificate);
  const absl::Status verified = evidence::Verifier(lookup).Verify(kLetterContent, file.letter(),
                                                                  file.signature(), file.signer());
  if (!verified.ok()) return Unverified(absl::StrCat("letter: ", verified.message()));
  CheckedLetter out{{}, file.signer(), *std::move(certificate)};
  if (!out.letter.ParseFromString(file.letter())) {
    return Bad("signed, and cannot be read", "", "a Letter");
  }
  return out;
}

absl::Status CheckPinned(const CheckedLetter& letter, const crypto::Certificate& pinned) {
  if (letter.certificate == pinned) return absl::OkStatus();
  return Bad("signed with another certificate",
             crypto::Hex(crypto::AsBytes(letter.certificate.sha256())),
             crypto::Hex(crypto::AsBytes(pinned.sha256())));
}

absl::Status CheckRooted(const CheckedLetter& letter, const crypto::TrustStore& trust,
                         std::string_view trust_domain, absl::Time now) {
  WS_ASSIGN_OR_RETURN(rpc::SpiffeId id, rpc::ParseSpiffeId(letter.signer));
  if (id.trust_domain != trust_domain) {
    return Bad("of another bus", Quoted(id.trust_domain), trust_domain);
  }
  const types::v1::Date& day = letter.letter.issued_on();
  const absl::CivilDay next = absl::CivilDay(day.year(), day.month(), day.day()) + 1;
  const absl::Time issued =
      std::min(now, absl::FromCivil(next, absl::UTCTimeZone()) - absl::Seconds(1));
  const crypto::TrustVerdict then =
      trust.Check(letter.certificate, {}, crypto::KeyUse::kSign, issued);
  if (!then.ok()) return Bad("signed with a certificate not good on its day", then.text, "HHS's");
  const crypto::TrustVerdict today =
      trust.Check(letter.certificate, {}, crypto::KeyUse::kSign, now);
  if (today.problem != crypto::TrustProblem::kRevoked) return absl::OkStatus();
  return Bad("signed with a certificate that is revoked by now", today.text,
             "a good one, or HHS's own word by letter verify");
}

}  // namespace waystation::cli
