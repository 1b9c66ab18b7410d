#include "services/broker/log/log_signer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

constexpr size_t kPemBytesMax = 64 * 1024;
constexpr size_t kLastBytesMax = 1024;

}  // namespace

absl::StatusOr<LogSigner> LogSigner::Load(const Options& options, const tlog::Policy& policy) {
  WS_ASSIGN_OR_RETURN(std::string pem, config::ReadFile(options.key_path, kPemBytesMax));
  WS_ASSIGN_OR_RETURN(crypto::Ed25519Key ed25519, crypto::Ed25519Key::FromPem(pem));
  WS_ASSIGN_OR_RETURN(std::string p256_pem, config::ReadFile(options.p256_key_path, kPemBytesMax));
  WS_ASSIGN_OR_RETURN(crypto::SigningKey p256, crypto::SigningKey::FromPem(p256_pem));
  WS_ASSIGN_OR_RETURN(
      tlog::VerifierKey name,
      tlog::VerifierKey::Create(policy.origin(), tlog::KeyType::kEd25519, ed25519.public_key()));
  const bool is_the_logs =
      std::any_of(policy.log_keys().begin(), policy.log_keys().end(),
                  [&](const tlog::VerifierKey& key) { return key.ToString() == name.ToString(); });
  if (!is_the_logs) {
    return absl::FailedPreconditionError(Problem(options.key_path,
                                                 "not the key of the log's policy", name.ToString(),
                                                 "a key that a log line of it names"));
  }
  WS_ASSIGN_OR_RETURN(
      tlog::VerifierKey p256_name,
      tlog::VerifierKey::Create(policy.origin(), tlog::KeyType::kEcdsa, p256.public_key_der()));
  LogSigner signer(options.key_path + ".last", std::move(name), std::move(ed25519),
                   std::move(p256_name), std::move(p256));
  WS_RETURN_IF_ERROR(signer.ReadLast());
  return signer;
}

absl::Status LogSigner::ReadLast() {
  absl::StatusOr<std::string> text = config::ReadFile(last_path_, kLastBytesMax);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  WS_RETURN_IF_ERROR(text.status());
  absl::StatusOr<tlog::Checkpoint> last = tlog::Checkpoint::FromText(*text);
  if (!last.ok())
    return absl::DataLossError(absl::StrCat(last_path_, ": ", last.status().message()));
  if (last->origin != origin()) {
    return absl::FailedPreconditionError(
        Problem(last_path_, "of another log", Quoted(last->origin), origin()));
  }
  last_ = *std::move(last);
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogSigner::Sign(const tlog::Checkpoint& checkpoint) {
  WS_CHECK(checkpoint.origin == origin());
  if (last_.has_value() && checkpoint.size < last_->size) {
    return absl::FailedPreconditionError(Problem("checkpoint", "smaller than what was signed",
                                                 absl::StrCat(checkpoint.size),
                                                 absl::StrCat("at least ", last_->size)));
  }
  if (last_.has_value() && checkpoint.size == last_->size && checkpoint.root != last_->root) {
    return absl::FailedPreconditionError(Problem(
        "checkpoint", "another root than what was signed for its size",
        crypto::Hex(crypto::AsBytes(checkpoint.root)), crypto::Hex(crypto::AsBytes(last_->root))));
  }
  const std::string text = checkpoint.ToText();
  WS_RETURN_IF_ERROR(config::WriteFileDurably(last_path_, text));
  last_ = checkpoint;
  tlog::Note note{.text = text, .signatures = {}};
  WS_ASSIGN_OR_RETURN(tlog::NoteSignature line, tlog::SignNote(ed25519_name_, ed25519_, text));
  note.signatures.push_back(std::move(line));
  WS_ASSIGN_OR_RETURN(std::string p256, p256_.SignDigest(crypto::Sha256(text)));
  note.signatures.push_back(
      {.key_name = p256_name_.name(), .key_id = p256_name_.id(), .bytes = std::move(p256)});
  return note.ToBytes();
}

}  // namespace waystation::broker
