#include "tools/waystation/pki.h"

#include <filesystem>
#include <utility>

#include "common/config/text_proto.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

// Clocks of two machines differ; a certificate made now must be good there too.
constexpr absl::Duration kBackdate = absl::Minutes(5);
constexpr absl::Duration kExpiresSoon = absl::Hours(24 * 7);
constexpr size_t kCommonNameBytesMax = 64;

constexpr crypto::KeyUse kUses[] = {crypto::KeyUse::kTls, crypto::KeyUse::kSign,
                                    crypto::KeyUse::kEncrypt, crypto::KeyUse::kRecovery,
                                    crypto::KeyUse::kArchive};

// "/agency/ins" and kSign -> "agency ins sign", cut to what a CN may hold.
std::string CommonName(const rpc::SpiffeId& id, crypto::KeyUse use) {
  std::string name = absl::StrCat(id.path.substr(1), " ", Absl(crypto::KeyUseName(use)));
  for (char& c : name) c = c == '/' ? ' ' : c;
  return name.substr(0, kCommonNameBytesMax);
}

absl::Status RequireNewRoot(const std::string& dir, bool force) {
  std::error_code error;
  if (force || !std::filesystem::exists(dir + "/root-key.pem", error)) return absl::OkStatus();
  return WithNext(absl::AlreadyExistsError(
                      Problem(dir, "holds an authority already, nothing was changed", "",
                              "another folder, or --force to make every certificate of it void")),
                  absl::StrCat("waystation pki issue ", dir, " --identity ... --use tls"));
}

crypto::IssueRequest RequestFor(const IssueOptions& options, const rpc::SpiffeId& id,
                                absl::Time now) {
  crypto::IssueRequest request;
  request.common_name = CommonName(id, options.use);
  request.uri_sans = {options.identity};
  request.uri_sans.insert(request.uri_sans.end(), options.more_identities.begin(),
                          options.more_identities.end());
  if (options.use == crypto::KeyUse::kTls && id.path.find("/staff/") == std::string::npos) {
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1"};
  }
  request.use = options.use;
  request.not_before = now - kBackdate;
  request.not_after = now + options.lifetime;
  return request;
}

}  // namespace

absl::StatusOr<crypto::KeyUse> ParseKeyUse(std::string_view name) {
  for (crypto::KeyUse use : kUses) {
    if (crypto::KeyUseName(use) == name) return use;
  }
  return UsageError(
      Problem("--use", "unknown", Quoted(name), "tls, sign, encrypt, recovery or archive"));
}

absl::StatusOr<PkiFolder> PkiFolder::Init(const std::string& dir, std::string_view common_name,
                                          absl::Duration lifetime, absl::Time now, bool force) {
  WS_RETURN_IF_ERROR(RequireNewRoot(dir, force));
  WS_ASSIGN_OR_RETURN(auto authority, crypto::CertificateAuthority::Create(
                                          common_name, now - kBackdate, lifetime + kBackdate));
  WS_ASSIGN_OR_RETURN(std::string key, authority.key_pem());
  PkiFolder pki(dir, std::move(authority));
  WS_RETURN_IF_ERROR(WriteFile(dir + "/root-key.pem", key, FileMode::kPrivate));
  WS_RETURN_IF_ERROR(WriteFile(pki.roots_path(), pki.root_pem(), FileMode::kPublic));
  WS_RETURN_IF_ERROR(pki.RenewCrl(now));
  return pki;
}

absl::StatusOr<PkiFolder> PkiFolder::Open(const std::string& dir) {
  auto key = ReadWholeFile(dir + "/root-key.pem");
  if (absl::IsNotFound(key.status())) {
    return WithNext(absl::NotFoundError(Problem(dir, "no certificate authority here",
                                                "no root-key.pem", "a folder of pki init")),
                    absl::StrCat("waystation pki init ", dir));
  }
  WS_RETURN_IF_ERROR(key.status());
  WS_ASSIGN_OR_RETURN(std::string root, ReadWholeFile(dir + "/root.pem"));
  WS_ASSIGN_OR_RETURN(auto authority, crypto::CertificateAuthority::FromPem(root, *key));
  PkiFolder pki(dir, std::move(authority));
  WS_RETURN_IF_ERROR(config::LoadTextProto(dir + "/register.textproto", &pki.register_));
  return pki;
}

absl::Status PkiFolder::SaveRegister() const {
  return WriteTextProto(dir_ + "/register.textproto",
                        "Every certificate of this authority. Losing a line loses the way to "
                        "revoke its certificate.",
                        register_, FileMode::kPrivate);
}

absl::StatusOr<IssuedPaths> PkiFolder::Issue(const IssueOptions& options, absl::Time now) {
  auto id = rpc::ParseSpiffeId(options.identity);
  if (!id.ok()) return UsageError(absl::StrCat("--identity: ", id.status().message()));
  const std::string use(crypto::KeyUseName(options.use));
  const std::string stem = absl::StrCat(dir_, "/issued", id->path, "/", use);
  IssuedPaths paths{stem + ".pem", stem + "-key.pem", "", ""};
  std::error_code error;
  if (!options.force && std::filesystem::exists(paths.certificate_path, error)) {
    return absl::AlreadyExistsError(Problem(paths.certificate_path,
                                            "exists already, nothing was changed", "",
                                            "--force to issue anew beside the old one's validity"));
  }
  WS_ASSIGN_OR_RETURN(auto issued, authority_.Issue(RequestFor(options, *id, now)));
  paths.certificate_pem = issued.certificate_pem;
  paths.serial = issued.certificate.serial();
  v1::IssuedEntry* entry = register_.add_issued();
  entry->set_serial(paths.serial);
  entry->set_identity(options.identity);
  entry->set_use(use);
  entry->set_not_after_s(absl::ToUnixSeconds(issued.certificate.not_after()));
  WS_RETURN_IF_ERROR(SaveRegister());
  WS_RETURN_IF_ERROR(WriteFile(paths.key_path, issued.key_pem, FileMode::kPrivate));
  WS_RETURN_IF_ERROR(WriteFile(paths.certificate_path, issued.certificate_pem, FileMode::kPublic));
  return paths;
}

absl::Status PkiFolder::Revoke(std::string_view serial, absl::Time now) {
  for (v1::IssuedEntry& entry : *register_.mutable_issued()) {
    if (entry.serial() != serial) continue;
    if (entry.revoked_s() == 0) entry.set_revoked_s(absl::ToUnixSeconds(now));
    return RenewCrl(now);
  }
  return absl::NotFoundError(Problem("serial " + Quoted(serial), "not issued by " + dir_, "",
                                     "a serial of waystation pki show FILE"));
}

absl::Status PkiFolder::RenewCrl(absl::Time now) {
  std::vector<crypto::Revocation> revoked;
  for (const v1::IssuedEntry& entry : register_.issued()) {
    if (entry.revoked_s() != 0) {
      revoked.push_back({entry.serial(), absl::FromUnixSeconds(entry.revoked_s())});
    }
  }
  register_.set_crl_number(register_.crl_number() + 1);
  // A list is dated back as certificates are, but never before a revocation in it.
  WS_ASSIGN_OR_RETURN(std::string crl, authority_.IssueCrl(revoked, register_.crl_number(), now,
                                                           now + kCrlLifetime));
  WS_RETURN_IF_ERROR(SaveRegister());
  return WriteFile(crl_path(), crl, FileMode::kPublic);
}

std::vector<std::string> CertificateProblems(const crypto::Certificate& certificate,
                                             absl::Time now) {
  std::vector<std::string> problems;
  const size_t names = certificate.uri_sans().size();
  if (names != 1) {
    problems.push_back(absl::StrCat("URI SANs: ", names, ", want exactly one SPIFFE ID"));
  } else if (auto id = rpc::ParseSpiffeId(certificate.uri_sans()[0]); !id.ok()) {
    problems.emplace_back(id.status().message());
  }
  if (!certificate.key_use().has_value()) {
    problems.emplace_back("key usage: mixed or none, want one of tls, sign, encrypt");
  }
  if (!certificate.is_p256()) problems.emplace_back("key: not P-256");
  if (now < certificate.not_before()) problems.emplace_back("not valid yet");
  if (now > certificate.not_after()) {
    problems.emplace_back("expired");
  } else if (now + kExpiresSoon > certificate.not_after()) {
    problems.push_back(absl::StrCat(
        "expires in ",
        absl::FormatDuration(absl::Trunc(certificate.not_after() - now, absl::Minutes(1)))));
  }
  return problems;
}

}  // namespace waystation::cli
