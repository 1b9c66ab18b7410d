#include <sys/stat.h>

#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/signing_key.h"
#include "common/crypto/trust.h"
#include "common/status/status.h"
#include "tools/waystation/checks.h"
#include "tools/waystation/files.h"
#include "tools/waystation/pki.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kCrlSoon = absl::Hours(48);
constexpr char kReissue[] = "waystation pki issue DIR --identity ID --use tls --force";

std::string ChainProblem(const std::vector<crypto::Certificate>& chain,
                         const crypto::TrustStore& trust, absl::Time now) {
  const std::vector<crypto::Certificate> above(chain.begin() + 1, chain.end());
  const crypto::TrustVerdict verdict = trust.Check(chain.front(), above, crypto::KeyUse::kTls, now);
  if (verdict.ok()) return "";
  return absl::StrCat(Absl(TrustProblemName(verdict.problem)), ": ", verdict.text);
}

// Every problem of the certificate by itself and by the roots of the profile.
std::string CertificateFindings(const v1::Credential& credential, const crypto::TrustStore& trust,
                                absl::Time now, const std::vector<crypto::Certificate>& chain) {
  std::string found;
  auto add = [&](const std::string& problem) {
    if (!problem.empty()) absl::StrAppend(&found, found.empty() ? "" : "; ", problem);
  };
  for (const std::string& problem : CertificateProblems(chain.front(), now)) add(problem);
  add(ChainProblem(chain, trust, now));
  const auto& names = chain.front().uri_sans();
  if (names.size() == 1 && names[0] != credential.identity()) {
    add(absl::StrCat("identity is ", names[0], ", want ", credential.identity()));
  }
  return found;
}

void CheckKey(const std::string& who, const v1::Credential& credential,
              const crypto::Certificate& certificate, CheckList* list) {
  const std::string what = "key of " + who;
  auto pem = ReadWholeFile(credential.key_path());
  if (!pem.ok()) return list->Report(what, pem.status(), "", kReissue);
  struct stat info {};
  if (stat(credential.key_path().c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return list->Fail(what, "others may read " + credential.key_path(),
                      "chmod 600 " + credential.key_path());
  }
  auto key = crypto::SigningKey::FromPem(*pem);
  if (!key.ok()) return list->Report(what, key.status(), "", kReissue);
  if (key->public_key_der() != certificate.public_key_der()) {
    list->Fail(what, "is not the key of its certificate", kReissue);
  }
}

void CheckCredential(const std::string& who, const v1::Credential& credential,
                     const crypto::TrustStore& trust, absl::Time now, CheckList* list) {
  const std::string what = "certificate of " + who;
  auto pem = ReadWholeFile(credential.certificate_path());
  if (!pem.ok()) return list->Report(what, pem.status(), "", kReissue);
  auto chain = crypto::ParsePemChain(*pem);
  if (!chain.ok()) return list->Report(what, chain.status(), "", kReissue);
  const std::string found = CertificateFindings(credential, trust, now, *chain);
  if (found.empty()) {
    list->Ok(what,
             absl::StrCat(credential.identity(), ", until ", TimeText(chain->front().not_after())));
  } else {
    list->Fail(what, found, kReissue);
  }
  CheckKey(who, credential, chain->front(), list);
}

void CheckCrl(const crypto::TrustStore& trust, absl::Time now, CheckList* list) {
  const absl::Time next = trust.next_crl_update();
  const std::string found = absl::StrCat("number ", trust.crl_number(), ", renew by ",
                                         next == absl::InfiniteFuture() ? "?" : TimeText(next));
  if (next == absl::InfiniteFuture()) {
    list->Fail("revocation list", "none in the file", "waystation pki crl DIR");
  } else if (now + kCrlSoon > next) {
    list->Fail("revocation list", found + ", which is near or past", "waystation pki crl DIR");
  } else {
    list->Ok("revocation list", found);
  }
}

}  // namespace

void CheckFiles(const Session& session, const Profile& profile, CheckList* list) {
  const v1::Profile& data = profile.data();
  const absl::Time now = session.clock.Now();
  auto roots = ReadWholeFile(data.roots_path());
  if (!roots.ok()) return list->Report("roots", roots.status(), "", "waystation dev");
  auto crl = ReadWholeFile(data.crl_path());
  if (!crl.ok()) return list->Report("revocation list", crl.status(), "", "waystation pki crl DIR");
  auto trust = crypto::TrustStore::Create(*roots, *crl, absl::ZeroDuration());
  if (!trust.ok()) return list->Report("roots", trust.status(), "", "waystation pki crl DIR");
  CheckCrl(*trust, now, list);
  if (data.has_operator_()) CheckCredential("operator", data.operator_(), *trust, now, list);
  if (data.has_auditor()) CheckCredential("auditor", data.auditor(), *trust, now, list);
  for (const v1::Staff& staff : data.staff()) {
    CheckCredential(staff.staff_id(), staff.credential(), *trust, now, list);
  }
}

}  // namespace waystation::cli
