#include "common/rpc/test_tls.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/status/status.h"

namespace waystation::rpc {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(result.status().ToString());
  return *std::move(result);
}

void WriteFile(const std::string& path, const std::string& content) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh, std::ios::binary) << content;
  std::filesystem::rename(fresh, path);
}

std::string MakeFolder() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/tls.XXXXXX";
  WS_CHECK(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

crypto::CertificateAuthority NewAuthority(absl::Time now) {
  return Must(crypto::CertificateAuthority::Create("test root", now - absl::Hours(48),
                                                   absl::Hours(24 * 365)));
}

}  // namespace

TestTls::TestTls(absl::Time now) : TestTls(NewAuthority(now), now) {}

TestTls::TestTls(const crypto::CertificateAuthority& authority, absl::Time now)
    : authority_(Must(
          crypto::CertificateAuthority::FromPem(authority.cert_pem(), Must(authority.key_pem())))),
      now_(now),
      folder_(MakeFolder()),
      roots_path_(folder_ + "/roots.pem"),
      crl_path_(folder_ + "/crl.pem") {
  WriteFile(roots_path_, authority_.cert_pem());
  WriteCrl(CrlPem(crl_number_, {}));
}

TestTls::~TestTls() { std::filesystem::remove_all(folder_); }

TestTls::Issued TestTls::Issue(const std::vector<std::string>& uris) {
  return Write(uris, now_ - absl::Hours(24), now_ + absl::Hours(24));
}

TestTls::Issued TestTls::IssueExpired(const std::vector<std::string>& uris) {
  return Write(uris, now_ - absl::Hours(24), now_ - absl::Hours(1));
}

std::shared_ptr<TrustSource> TestTls::Trust(const Clock& clock) {
  TrustSource::Options options;
  options.roots_path = roots_path_;
  options.crl_path = crl_path_;
  options.poll = absl::ZeroDuration();
  return Must(TrustSource::Create(options, clock));
}

void TestTls::Revoke(const std::vector<std::string>& serials) {
  WriteCrl(CrlPem(++crl_number_, serials));
}

void TestTls::WriteCrl(const std::string& pem) { WriteFile(crl_path_, pem); }

std::string TestTls::CrlPem(uint64_t number, const std::vector<std::string>& serials) const {
  std::vector<crypto::Revocation> revoked;
  for (const auto& serial : serials) revoked.push_back({serial, now_ - absl::Minutes(1)});
  return Must(authority_.IssueCrl(revoked, number, now_ - absl::Hours(1), now_ + absl::Hours(24)));
}

TestTls::Issued TestTls::Write(const std::vector<std::string>& uris, absl::Time from,
                               absl::Time until) {
  crypto::IssueRequest request;
  request.common_name = "test";
  request.uri_sans = uris;
  request.use = crypto::KeyUse::kTls;
  request.not_before = from;
  request.not_after = until;
  crypto::IssuedCertificate issued = Must(authority_.Issue(request));
  const std::string stem = absl::StrCat(folder_, "/", ++count_);
  Issued out{{stem + ".cert.pem", stem + ".key.pem"}, issued.certificate.serial()};
  WriteFile(out.files.certificate_path, issued.certificate_pem);
  WriteFile(out.files.key_path, issued.key_pem);
  return out;
}

}  // namespace waystation::rpc
