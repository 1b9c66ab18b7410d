#include "common/evidence/directory.h"

#include <string>

#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

using bus::v1::CertificateUse;

constexpr int kIdentitiesMax = 10'000;
constexpr int kCertificatesMax = 1'000;

absl::Status Bad(std::string_view thing, std::string_view problem, std::string_view got = {}) {
  return absl::InvalidArgumentError(Problem("directory: " + std::string(thing), problem, got));
}

absl::StatusOr<crypto::Certificate> ReadCertificate(const bus::v1::EnrolledCertificate& enrolled,
                                                    const std::string& identity) {
  auto certificate = crypto::Certificate::FromDer(enrolled.der());
  if (!certificate.ok()) {
    return Bad(Quoted(identity), std::string(certificate.status().message()));
  }
  auto use = KeyUseOf(enrolled.use());
  if (!use.has_value()) return Bad(Quoted(identity), "a certificate is enrolled without a use");
  if (!certificate->Allows(*use)) {
    return Bad(Quoted(identity), "a certificate is enrolled for what it is not for",
               crypto::KeyUseName(*use));
  }
  if (certificate->uri_sans() != std::vector<std::string>{identity}) {
    return Bad(Quoted(identity), "a certificate does not carry it as the only URI SAN");
  }
  return certificate;
}

}  // namespace

std::optional<crypto::KeyUse> KeyUseOf(CertificateUse use) {
  switch (use) {
    case bus::v1::CERTIFICATE_USE_SIGN:
      return crypto::KeyUse::kSign;
    case bus::v1::CERTIFICATE_USE_ENCRYPT:
      return crypto::KeyUse::kEncrypt;
    case bus::v1::CERTIFICATE_USE_RECOVERY:
      return crypto::KeyUse::kRecovery;
    case bus::v1::CERTIFICATE_USE_ARCHIVE:
      return crypto::KeyUse::kArchive;
    default:
      return std::nullopt;
  }
}

absl::StatusOr<std::shared_ptr<const DirectoryView>> DirectoryView::Create(
    bus::v1::Directory directory) {
  std::shared_ptr<DirectoryView> view(new DirectoryView());
  view->directory_ = std::move(directory);
  WS_RETURN_IF_ERROR(view->Index());
  return std::shared_ptr<const DirectoryView>(std::move(view));
}

absl::Status DirectoryView::Index() {
  if (directory_.identities_size() > kIdentitiesMax) {
    return Bad("identities", "too many", absl::StrCat(directory_.identities_size()));
  }
  for (const auto& identity : directory_.identities()) {
    WS_RETURN_IF_ERROR(AddIdentity(identity));
  }
  for (const auto& type : directory_.types()) {
    if (type.name().empty() || type.name().size() > kTypeBytesMax) {
      return Bad("types", "a name is not 1 to 128 bytes", Quoted(type.name()));
    }
    if (type.is_case() && type.is_memo()) {
      return Bad("types", "both case and memo", Quoted(type.name()));
    }
    const MessageForm form = type.is_case()   ? MessageForm::kCase
                             : type.is_memo() ? MessageForm::kMemo
                                              : MessageForm::kOpen;
    if (!forms_.emplace(type.name(), form).second) {
      return Bad("types", "given twice", Quoted(type.name()));
    }
  }
  return absl::OkStatus();
}

absl::Status DirectoryView::AddIdentity(const bus::v1::Identity& identity) {
  const std::string& name = identity.identity();
  if (name.empty() || name.size() > kIdentityBytesMax ||
      identity.certificates_size() > kCertificatesMax) {
    return Bad(Quoted(name), "not 1 to 256 bytes, or more than 1,000 certificates");
  }
  Member member{&identity, {}, {}};
  for (const auto& enrolled : identity.certificates()) {
    WS_ASSIGN_OR_RETURN(crypto::Certificate certificate, ReadCertificate(enrolled, name));
    for (const Enrolled& other : member.certificates) {
      if (other.certificate == certificate && other.use == enrolled.use()) {
        return Bad(Quoted(name), "a certificate is given twice");
      }
    }
    if (enrolled.use() == bus::v1::CERTIFICATE_USE_SIGN) {
      member.signing.push_back(member.certificates.size());
    }
    member.certificates.push_back({std::move(certificate), enrolled.use()});
  }
  if (!members_.emplace(name, std::move(member)).second) return Bad(Quoted(name), "given twice");
  return absl::OkStatus();
}

const DirectoryView::Member* DirectoryView::FindMember(std::string_view identity) const {
  auto it = members_.find(Absl(identity));
  return it == members_.end() ? nullptr : &it->second;
}

const bus::v1::Identity* DirectoryView::Find(std::string_view identity) const {
  const Member* member = FindMember(identity);
  return member == nullptr ? nullptr : member->identity;
}

const crypto::Certificate* DirectoryView::FindSigning(std::string_view signer,
                                                      const crypto::Digest& sha256) const {
  const Member* member = FindMember(signer);
  if (member == nullptr) return nullptr;
  // The newest first: nearly every message is signed with it.
  for (auto it = member->signing.rbegin(); it != member->signing.rend(); ++it) {
    const crypto::Certificate& certificate = member->certificates[*it].certificate;
    if (certificate.sha256() == sha256) return &certificate;
  }
  return nullptr;
}

std::vector<crypto::Certificate> DirectoryView::Certificates(std::string_view identity,
                                                             CertificateUse use) const {
  std::vector<crypto::Certificate> out;
  const Member* member = FindMember(identity);
  if (member == nullptr) return out;
  for (const Enrolled& enrolled : member->certificates) {
    if (enrolled.use == use) out.push_back(enrolled.certificate);
  }
  return out;
}

absl::StatusOr<crypto::Certificate> DirectoryView::Current(std::string_view identity,
                                                           CertificateUse use,
                                                           const crypto::TrustStore& trust,
                                                           absl::Time now) const {
  std::string why = "none is enrolled";
  const auto key_use = KeyUseOf(use);
  const std::vector<crypto::Certificate> all = Certificates(identity, use);
  for (auto it = all.rbegin(); key_use.has_value() && it != all.rend(); ++it) {
    crypto::TrustVerdict verdict = trust.Check(*it, {}, *key_use, now);
    if (verdict.ok()) return *it;
    if (it == all.rbegin()) why = verdict.text;
  }
  return Refusal(
      absl::StatusCode::kNotFound, "CERTIFICATE_UNKNOWN",
      Problem(Quoted(identity), "no good certificate for this use", why, CertificateUse_Name(use)));
}

std::optional<MessageForm> DirectoryView::FormOf(std::string_view type) const {
  auto it = forms_.find(Absl(type));
  if (it == forms_.end()) return std::nullopt;
  return it->second;
}

const bus::v1::Unit* DirectoryView::FindUnit(std::string_view identity,
                                             std::string_view unit) const {
  const Member* member = FindMember(identity);
  if (member == nullptr) return nullptr;
  for (const auto& candidate : member->identity->units()) {
    if (candidate.name() == unit) return &candidate;
  }
  return nullptr;
}

bool DirectoryView::UnitHas(std::string_view identity, std::string_view unit,
                            std::string_view attribute) const {
  const bus::v1::Unit* found = FindUnit(identity, unit);
  if (found == nullptr) return false;
  for (const auto& has : found->attributes()) {
    if (has == attribute) return true;
  }
  return false;
}

}  // namespace waystation::evidence
