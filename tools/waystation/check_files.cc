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

// Whose files are looked at, and the command that makes them anew.
struct Holder {
  std::string who;
  const v1::Credential& credential;
  std::string reissue;
};

void CheckKey(const Holder& holder, const crypto::Certificate& certificate, CheckList* list) {
  const std::string what = "key of " + holder.who;
  const v1::Credential& credential = holder.credential;
  auto pem = ReadWholeFile(credential.key_path());
  if (!pem.ok()) return list->Report(what, pem.status(), "", holder.reissue);
  struct stat info {};
  if (stat(credential.key_path().c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return list->Fail(what, "others may read " + credential.key_path(),
                      "chmod 600 " + credential.key_path());
  }
  auto key = crypto::SigningKey::FromPem(*pem);
  if (!key.ok()) return list->Report(what, key.status(), "", holder.reissue);
  if (key->public_key_der() != certificate.public_key_der()) {
    list->Fail(what, "is not the key of its certificate", holder.reissue);
  }
}

void CheckCredential(const Holder& holder, const crypto::TrustStore& trust, absl::Time now,
                     CheckList* list) {
  const std::string what = "certificate of " + holder.who;
  const v1::Credential& credential = holder.credential;
  auto pem = ReadWholeFile(credential.certificate_path());
  if (!pem.ok()) return list->Report(what, pem.status(), "", holder.reissue);
  auto chain = crypto::ParsePemChain(*pem);
  if (!chain.ok()) return list->Report(what, chain.status(), "", holder.reissue);
  const std::string found = CertificateFindings(credential, trust, now, *chain);
  if (found.empty()) {
    list->Ok(what,
             absl::StrCat(credential.identity(), ", until ", TimeText(chain->front().not_after())));
  } else {
    list->Fail(what, found, holder.reissue);
  }
  CheckKey(holder, chain->front(), list);
}

void CheckCrl(const crypto::TrustStore& trust, absl::Time now, const std::string& renew,
              CheckList* list) {
  const absl::Time next = trust.next_crl_update();
  const std::string found = absl::StrCat("number ", trust.crl_number(), ", renew by ",
                                         next == absl::InfiniteFuture() ? "?" : TimeText(next));
  if (next == absl::InfiniteFuture()) {
    list->Fail("revocation list", "none in the file", renew);
  } else if (now + kCrlSoon > next) {
    list->Fail("revocation list", found + ", which is near or past", renew);
  } else {
    list->Ok("revocation list", found);
  }
}

}  // namespace

void CheckFiles(const Session& session, const Profile& profile, CheckList* list) {
  const v1::Profile& data = profile.data();
  const absl::Time now = session.clock.Now();
  const std::string renew = "waystation pki crl " + AuthorityDir(profile);
  auto roots = ReadWholeFile(data.roots_path());
  if (!roots.ok()) return list->Report("roots", roots.status(), "", "waystation dev");
  auto crl = ReadWholeFile(data.crl_path());
  if (!crl.ok()) return list->Report("revocation list", crl.status(), "", renew);
  auto trust = crypto::TrustStore::Create(*roots, *crl, absl::ZeroDuration());
  if (!trust.ok()) return list->Report("roots", trust.status(), "", renew);
  CheckCrl(*trust, now, renew, list);
  auto check = [&](const std::string& who, const v1::Credential& credential) {
    CheckCredential({who, credential, ReissueFix(profile, credential.identity())}, *trust, now,
                    list);
  };
  if (data.has_operator_()) check("operator", data.operator_());
  if (data.has_auditor()) check("auditor", data.auditor());
  for (const v1::Staff& staff : data.staff()) check(staff.staff_id(), staff.credential());
}

}  // namespace waystation::cli
