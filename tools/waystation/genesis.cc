#include "tools/waystation/genesis.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/certificate.h"
#include "common/crypto/random.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "waystation/bus/v1/directory.pb.h"

namespace waystation::cli {
namespace {

using bus::v1::CertificateUse;

constexpr size_t kBusIdBytes = 16;

// Certificates that the record binds to an identity; TLS ones are not enrolled.
std::vector<CertificateUse> UsesOf(std::string_view path) {
  if (path.starts_with("/agency/") || path == "/auditor") {
    return {bus::v1::CERTIFICATE_USE_SIGN, bus::v1::CERTIFICATE_USE_ENCRYPT,
            bus::v1::CERTIFICATE_USE_RECOVERY, bus::v1::CERTIFICATE_USE_ARCHIVE};
  }
  if (path == "/operator") return {};
  return {bus::v1::CERTIFICATE_USE_SIGN};
}

absl::Status Wrong(std::string_view field, std::string_view problem, std::string_view got,
                   std::string_view want) {
  return absl::InvalidArgumentError(
      Problem(absl::StrCat("genesis ", Absl(field)), problem, got, want));
}

absl::Status CheckIsDraft(const journal::v1::Genesis& genesis) {
  const bus::v1::Directory& directory = genesis.directory();
  if (!genesis.bus_id().empty()) return Wrong("bus_id", "given", "", "none: it is drawn");
  if (directory.trust_domain().empty()) {
    return Wrong("directory.trust_domain", "missing", "", "a SPIFFE trust domain");
  }
  if (!directory.roots_pem().empty()) {
    return Wrong("directory.roots_pem", "given", "", "none: it is the authority's");
  }
  for (const bus::v1::Identity& identity : directory.identities()) {
    if (identity.certificates().empty()) continue;
    return Wrong("directory.identities", "certificates given", Quoted(identity.identity()),
                 "none: they are the authority's");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Below(const std::string& trust_domain, const std::string& path) {
  if (path.starts_with("/")) return absl::StrCat("spiffe://", trust_domain, path);
  return Wrong("identity", "not a path below the trust domain", Quoted(path), "/agency/<name>");
}

absl::StatusOr<std::string> DerOf(const PkiFolder& pki, const std::string& identity,
                                  const std::string& path, CertificateUse use) {
  const std::string name(crypto::KeyUseName(*evidence::KeyUseOf(use)));
  const std::string file = absl::StrCat(pki.dir(), "/issued", path, "/", name, ".pem");
  absl::StatusOr<std::string> pem = ReadWholeFile(file);
  if (absl::IsNotFound(pem.status())) {
    return WithNext(absl::FailedPreconditionError(
                        Problem(file, "missing", "", "the certificate that is enrolled")),
                    absl::StrCat("waystation pki issue ", pki.dir(), " --identity ", identity,
                                 " --use ", name));
  }
  WS_RETURN_IF_ERROR(pem.status());
  absl::StatusOr<crypto::Certificate> certificate = crypto::Certificate::FromPem(*pem);
  if (!certificate.ok()) return Prefixed(file, certificate.status());
  return certificate->der();
}

absl::Status Enrol(const PkiFolder& pki, const std::string& trust_domain,
                   bus::v1::Identity* identity) {
  const std::string path = identity->identity();
  WS_ASSIGN_OR_RETURN(const std::string whole, Below(trust_domain, path));
  identity->set_identity(whole);
  for (CertificateUse use : UsesOf(path)) {
    WS_ASSIGN_OR_RETURN(const std::string der, DerOf(pki, whole, path, use));
    bus::v1::EnrolledCertificate* certificate = identity->add_certificates();
    certificate->set_der(der);
    certificate->set_use(use);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompleteGenesis(const PkiFolder& pki, journal::v1::Genesis* genesis) {
  WS_RETURN_IF_ERROR(CheckIsDraft(*genesis));
  bus::v1::Directory* directory = genesis->mutable_directory();
  for (std::string& admin : *genesis->mutable_policy_admins()) {
    WS_ASSIGN_OR_RETURN(const std::string whole, Below(directory->trust_domain(), admin));
    admin = whole;
  }
  for (bus::v1::Identity& identity : *directory->mutable_identities()) {
    WS_RETURN_IF_ERROR(Enrol(pki, directory->trust_domain(), &identity));
  }
  directory->set_roots_pem(pki.root_pem());
  genesis->set_bus_id(crypto::RandomString(kBusIdBytes));
  return evidence::DirectoryView::Create(*directory).status();
}

}  // namespace waystation::cli
