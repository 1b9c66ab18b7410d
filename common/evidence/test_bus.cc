#include "common/evidence/test_bus.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "common/evidence/wire.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(result.status().ToString());
  return *std::move(result);
}

Signer MakeSigner(std::string_view path, const crypto::IssuedCertificate& issued) {
  return Must(Signer::Create(TestBus::Identity(path),
                             Must(crypto::SigningKey::FromPem(issued.key_pem)),
                             issued.certificate));
}

}  // namespace

TestBus::TestBus()
    : authority_(Must(crypto::CertificateAuthority::Create("test root", Now() - absl::Hours(24),
                                                           absl::Hours(24 * 365)))) {
  directory_.set_version(1);
  directory_.set_trust_domain("waystation.example");
  directory_.set_roots_pem(roots_pem());
  auto* case_type = directory_.add_types();
  case_type->set_name(std::string(kTestCaseType));
  case_type->set_is_case(true);
  directory_.add_types()->set_name(std::string(kTestNoteType));
}

std::string TestBus::Identity(std::string_view path) {
  return absl::StrCat("spiffe://waystation.example", Absl(path));
}

absl::Time TestBus::Now() { return absl::FromUnixSeconds(1'795'000'000); }

Signer TestBus::Enroll(std::string_view path) {
  crypto::IssuedCertificate issued = Issue(path, crypto::KeyUse::kSign);
  Add(path, issued.certificate, bus::v1::CERTIFICATE_USE_SIGN);
  return MakeSigner(path, issued);
}

Signer TestBus::Stranger(std::string_view path) {
  return MakeSigner(path, Issue(path, crypto::KeyUse::kSign));
}

crypto::DecryptionKey TestBus::EnrollKey(std::string_view path, bus::v1::CertificateUse use) {
  crypto::IssuedCertificate issued = Issue(path, crypto::KeyUse::kEncrypt);
  Add(path, issued.certificate, use);
  return Must(crypto::DecryptionKey::FromPem(issued.key_pem, issued.certificate_pem));
}

crypto::IssuedCertificate TestBus::Issue(std::string_view path, crypto::KeyUse use) const {
  crypto::IssueRequest request;
  request.common_name = "test";
  request.uri_sans = {Identity(path)};
  request.use = use;
  request.not_before = Now() - absl::Hours(1);
  request.not_after = Now() + absl::Hours(24);
  return Must(authority_.Issue(request));
}

std::string TestBus::crl_pem() const {
  return Must(authority_.IssueCrl({}, 1, Now() - absl::Hours(1), Now() + absl::Hours(72)));
}

crypto::TrustStore TestBus::Trust() const {
  return Must(crypto::TrustStore::Create(roots_pem(), crl_pem(), absl::ZeroDuration()));
}

std::shared_ptr<const DirectoryView> TestBus::View() const {
  return Must(DirectoryView::Create(directory_));
}

void TestBus::Add(std::string_view path, const crypto::Certificate& certificate,
                  bus::v1::CertificateUse use) {
  directory_.set_version(directory_.version() + 1);
  bus::v1::Identity* found = nullptr;
  for (auto& identity : *directory_.mutable_identities()) {
    if (identity.identity() == Identity(path)) found = &identity;
  }
  if (found == nullptr) found = directory_.add_identities();
  found->set_identity(Identity(path));
  auto* enrolled = found->add_certificates();
  enrolled->set_der(certificate.der());
  enrolled->set_use(use);
}

bus::v1::Header TestHeader(std::string_view from, std::string_view to, uint64_t number,
                           std::string_view payload) {
  bus::v1::Header header;
  header.set_id(absl::StrFormat("019a0000-0000-7000-8000-%012x", number));
  header.set_source(TestBus::Identity(from));
  header.set_type(std::string(kTestNoteType));
  *header.mutable_time() = ToProtoTime(TestBus::Now());
  header.set_datacontenttype("text/plain");
  header.add_recipients(TestBus::Identity(to));
  const crypto::Digest digest = crypto::Sha256(payload);
  header.set_payload_sha256(digest.data(), digest.size());
  header.set_payload_size(payload.size());
  return header;
}

bus::v1::SignedMessage TestMessage(const Signer& signer, const bus::v1::Header& header,
                                   std::string payload) {
  bus::v1::SignedMessage message;
  message.set_header(header.SerializeAsString());
  *message.mutable_signature() = Must(signer.SignOne(kHeaderContent, message.header()));
  message.set_payload(std::move(payload));
  return message;
}

}  // namespace waystation::evidence
