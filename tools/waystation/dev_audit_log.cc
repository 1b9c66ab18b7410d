#include "tools/waystation/dev_audit_log.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/crypto/ed25519.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

constexpr std::string_view kComment =
    "# SYNTHETIC: the audit log of a development bus; its keys are not for use.\n";

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// Makes the key when it is missing; returns its public half under `name`.
absl::StatusOr<tlog::VerifierKey> TakeOrMakeKey(const std::string& name, tlog::KeyType type,
                                                const std::string& path) {
  if (!Exists(path)) {
    WS_ASSIGN_OR_RETURN(crypto::Ed25519Key fresh, crypto::Ed25519Key::Generate());
    WS_ASSIGN_OR_RETURN(std::string pem, fresh.ToPem());
    WS_RETURN_IF_ERROR(WriteFile(path, pem, FileMode::kPrivate));
  }
  WS_ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(path));
  absl::StatusOr<crypto::Ed25519Key> key = crypto::Ed25519Key::FromPem(pem);
  if (!key.ok()) return Prefixed(path, key.status());
  return tlog::VerifierKey::Create(name, type, key->public_key());
}

size_t TwoThirdsOf(size_t count) { return (2 * count + 2) / 3; }

}  // namespace

absl::Status MakeMissingLogFiles(const DevAuditLog& log) {
  WS_ASSIGN_OR_RETURN(tlog::VerifierKey log_key,
                      TakeOrMakeKey(absl::StrCat(log.trust_domain, "/log/1"),
                                    tlog::KeyType::kEd25519, log.log_key_path));
  std::string text = absl::StrCat(Absl(kComment), "log ", log_key.ToString(), "\n");
  std::string members;
  auto add = [&](const DevCosigner& cosigner) -> absl::Status {
    WS_ASSIGN_OR_RETURN(tlog::VerifierKey key,
                        TakeOrMakeKey(absl::StrCat(log.trust_domain, "/cosigner/", cosigner.name),
                                      tlog::KeyType::kCosignature, cosigner.key_path));
    absl::StrAppend(&text, "witness ", cosigner.name, " ", key.ToString(), "\n");
    return absl::OkStatus();
  };
  for (const DevCosigner& agency : log.agencies) {
    WS_RETURN_IF_ERROR(add(agency));
    absl::StrAppend(&members, " ", agency.name);
  }
  WS_RETURN_IF_ERROR(add(log.auditor));
  if (Exists(log.policy_path)) return absl::OkStatus();
  absl::StrAppend(&text, "group agencies ", TwoThirdsOf(log.agencies.size()), members, "\n");
  absl::StrAppend(&text, "group quorum-group all agencies ", log.auditor.name, "\n");
  absl::StrAppend(&text, "quorum quorum-group\n");
  return WriteFile(log.policy_path, text, FileMode::kPublic);
}

}  // namespace waystation::cli
