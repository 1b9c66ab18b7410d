#include "tests/harness/strangers.h"

#include <fstream>

#include "common/config/file.h"
#include "common/status/status.h"

namespace waystation::harness {
namespace {

constexpr size_t kPemBytesMax = 64 * 1024;

crypto::CertificateAuthority OwnAuthority(TestBus& bus) {
  const std::string& dir = bus.layout().pki().dir();
  return Must(crypto::CertificateAuthority::FromPem(
                  Must(config::ReadFile(dir + "/root.pem", kPemBytesMax), "root"),
                  Must(config::ReadFile(dir + "/root-key.pem", kPemBytesMax), "root key")),
              "authority");
}

}  // namespace

Strangers::Strangers(TestBus& bus)
    : bus_(bus),
      own_(OwnAuthority(bus)),
      other_(Must(crypto::CertificateAuthority::Create(
                      "another root", bus.clock().Now() - absl::Hours(24), absl::Hours(48)),
                  "another authority")) {}

rpc::TlsFiles Strangers::Issue(const std::vector<std::string>& uris) {
  absl::Time now = bus_.clock().Now();
  return Write(own_, uris, now - absl::Minutes(1), now + absl::Hours(1));
}

rpc::TlsFiles Strangers::IssueExpired(const std::vector<std::string>& uris) {
  absl::Time now = bus_.clock().Now();
  return Write(own_, uris, now - absl::Hours(24), now - absl::Hours(1));
}

rpc::TlsFiles Strangers::IssueElsewhere(const std::vector<std::string>& uris) {
  absl::Time now = bus_.clock().Now();
  return Write(other_, uris, now - absl::Minutes(1), now + absl::Hours(1));
}

rpc::TlsFiles Strangers::Write(const crypto::CertificateAuthority& authority,
                               const std::vector<std::string>& uris, absl::Time from,
                               absl::Time until) {
  crypto::IssueRequest request;
  request.common_name = "stranger";
  request.uri_sans = uris;
  request.dns_names = {"localhost"};
  request.use = crypto::KeyUse::kTls;
  request.not_before = from;
  request.not_after = until;
  auto issued = Must(authority.Issue(request), "certificate");
  const std::string stem = absl::StrCat(bus_.dir(), "/stranger-", ++count_);
  rpc::TlsFiles files{.certificate_path = stem + ".pem", .key_path = stem + "-key.pem"};
  std::ofstream(files.certificate_path) << issued.certificate_pem;
  std::ofstream(files.key_path) << issued.key_pem;
  return files;
}

}  // namespace waystation::harness
