#include "common/tlog/note.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::tlog {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // Em dash and space.
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kTimeBytes = 8;

absl::Status Malformed(std::string_view thing, std::string_view problem, std::string_view got = {},
                       std::string_view want = {}) {
  return absl::InvalidArgumentError(Problem(thing, problem, got, want));
}

std::string BigEndian(uint64_t value, size_t bytes) {
  std::string out(bytes, '\0');
  for (size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xff);
  return out;
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

// Strict: what decodes must also encode back to the same text, so that one
// signature has one form.
std::optional<std::string> Base64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(Absl(text), &bytes)) return std::nullopt;
  if (absl::Base64Escape(bytes) != text) return std::nullopt;
  return bytes;
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c > ' ' && c < 0x7f && c != '+'; });
}

uint32_t IdOf(std::string_view name, KeyType type, std::string_view key) {
  crypto::Digest digest;
  if (type == KeyType::kEcdsa) {
    digest = crypto::Sha256(key);  // As transparency-dev/witness does.
  } else {
    digest = crypto::Sha256(
        absl::StrCat(Absl(name), "\n", std::string(1, static_cast<char>(type)), Absl(key)));
  }
  return static_cast<uint32_t>(FromBigEndian(crypto::AsBytes(digest).substr(0, kKeyIdBytes)));
}

// What a cosigner signs.
std::string CosignedText(uint64_t seconds, std::string_view text) {
  return absl::StrCat("cosignature/v1\ntime ", seconds, "\n", Absl(text));
}

absl::StatusOr<NoteSignature> ParseLine(std::string_view line) {
  if (!line.starts_with(kDash)) {
    return Malformed("note signature", "malformed", Quoted(line), "an em dash, a name, base64");
  }
  line.remove_prefix(kDash.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsName(line.substr(0, space))) {
    return Malformed("note signature", "has no key name", Quoted(line));
  }
  std::optional<std::string> bytes = Base64(line.substr(space + 1));
  if (!bytes.has_value() || bytes->size() <= kKeyIdBytes) {
    return Malformed("note signature", "not base64 of a key id and a signature", Quoted(line));
  }
  NoteSignature signature;
  signature.key_name = line.substr(0, space);
  signature.key_id = static_cast<uint32_t>(FromBigEndian(bytes->substr(0, kKeyIdBytes)));
  signature.bytes = bytes->substr(kKeyIdBytes);
  return signature;
}

}  // namespace

std::string NoteSignature::ToLine() const {
  return absl::StrCat(Absl(kDash), key_name, " ",
                      absl::Base64Escape(BigEndian(key_id, kKeyIdBytes) + bytes), "\n");
}

absl::StatusOr<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines) {
  if (lines.empty() || lines.back() != '\n') {
    return Malformed("note", "its signature lines do not end in a newline");
  }
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    WS_ASSIGN_OR_RETURN(NoteSignature signature, ParseLine(lines.substr(0, end)));
    signatures.push_back(std::move(signature));
    lines.remove_prefix(end + 1);
    if (signatures.size() > kNoteSignaturesMax) {
      return Malformed("note", "too many signatures", "", absl::StrCat(kNoteSignaturesMax));
    }
  }
  return signatures;
}

absl::StatusOr<Note> Note::Parse(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax) {
    return Malformed("note", "too long", absl::StrCat(bytes.size(), " bytes"),
                     absl::StrCat("at most ", kNoteBytesMax));
  }
  const bool controls = std::any_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<uint8_t>(c) < 0x20 && c != '\n';
  });
  if (controls) return Malformed("note", "has control characters");
  // The last blank line parts text and signatures: a text may have such lines.
  const size_t blank = bytes.rfind("\n\n");
  if (blank == std::string_view::npos) return Malformed("note", "has no signatures");
  Note note;
  note.text = bytes.substr(0, blank + 1);
  WS_ASSIGN_OR_RETURN(note.signatures, ParseSignatureLines(bytes.substr(blank + 2)));
  return note;
}

std::string Note::ToBytes() const {
  std::string bytes = text + "\n";
  for (const NoteSignature& signature : signatures) bytes += signature.ToLine();
  return bytes;
}

VerifierKey::VerifierKey(std::string name, KeyType type, std::string key, uint32_t id)
    : name_(std::move(name)), type_(type), key_(std::move(key)), id_(id) {}

absl::StatusOr<VerifierKey> VerifierKey::Create(std::string_view name, KeyType type,
                                                std::string_view key) {
  if (!IsName(name)) {
    return Malformed("key name", "malformed", Quoted(name), "no space, no plus, printable ASCII");
  }
  if (type != KeyType::kEcdsa && key.size() != crypto::kEd25519KeyBytes) {
    return Malformed("verifier key", "wrong length", absl::StrCat(key.size(), " bytes"), "32");
  }
  return VerifierKey(std::string(name), type, std::string(key), IdOf(name, type, key));
}

absl::StatusOr<VerifierKey> VerifierKey::Parse(std::string_view vkey) {
  // Base64 has plus signs of its own: the first two are the separators.
  const size_t first = vkey.find('+');
  const size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) {
    return Malformed("verifier key", "malformed", Quoted(vkey), "name+id+key");
  }
  std::optional<std::string> key = Base64(vkey.substr(second + 1));
  if (!key.has_value() || key->empty()) {
    return Malformed("verifier key", "not base64", Quoted(vkey.substr(second + 1)));
  }
  const auto type = static_cast<KeyType>((*key)[0]);
  if (type != KeyType::kEd25519 && type != KeyType::kEcdsa && type != KeyType::kCosignature) {
    return Malformed("verifier key", "unknown type", absl::StrCat(static_cast<int>(type)),
                     "1, 2 or 4");
  }
  WS_ASSIGN_OR_RETURN(VerifierKey made, Create(vkey.substr(0, first), type, key->substr(1)));
  const std::string id = absl::StrFormat("%08x", made.id());
  if (vkey.substr(first + 1, second - first - 1) != id) {
    return Malformed("verifier key", "the id is not the key's",
                     Quoted(vkey.substr(first + 1, second - first - 1)), id);
  }
  return made;
}

std::string VerifierKey::ToString() const {
  return absl::StrFormat("%s+%08x+%s", name_, id_,
                         absl::Base64Escape(std::string(1, static_cast<char>(type_)) + key_));
}

bool VerifierKey::Verify(std::string_view text, const NoteSignature& signature) const {
  if (!Claims(signature)) return false;
  switch (type_) {
    case KeyType::kEd25519:
      return crypto::VerifyEd25519(key_, text, signature.bytes);
    case KeyType::kEcdsa:
      return crypto::VerifyP256(key_, text, signature.bytes);
    case KeyType::kCosignature:
      break;
  }
  if (signature.bytes.size() != kTimeBytes + crypto::kEd25519SignatureBytes) return false;
  const uint64_t seconds = FromBigEndian(signature.bytes.substr(0, kTimeBytes));
  if (seconds > static_cast<uint64_t>(INT64_MAX)) return false;
  return crypto::VerifyEd25519(key_, CosignedText(seconds, text),
                               signature.bytes.substr(kTimeBytes));
}

absl::Status VerifierKey::VerifyNote(const Note& note) const {
  bool found = false;
  for (const NoteSignature& signature : note.signatures) {
    if (!Claims(signature)) continue;
    if (!Verify(note.text, signature)) {
      return absl::UnauthenticatedError(
          Problem("note", "a signature of " + name_ + " does not verify"));
    }
    found = true;
  }
  if (found) return absl::OkStatus();
  return absl::NotFoundError(Problem("note", "has no signature of " + name_));
}

absl::Time VerifierKey::TimeOf(const NoteSignature& signature) {
  return absl::FromUnixSeconds(
      static_cast<int64_t>(FromBigEndian(signature.bytes.substr(0, kTimeBytes))));
}

absl::StatusOr<NoteSignature> SignNote(const VerifierKey& name, const crypto::Ed25519Key& key,
                                       std::string_view text) {
  NoteSignature signature{.key_name = name.name(), .key_id = name.id(), .bytes = {}};
  WS_ASSIGN_OR_RETURN(signature.bytes, key.Sign(text));
  return signature;
}

absl::StatusOr<NoteSignature> Cosign(const VerifierKey& name, const crypto::Ed25519Key& key,
                                     std::string_view text, absl::Time time) {
  const auto seconds = static_cast<uint64_t>(absl::ToUnixSeconds(time));
  WS_ASSIGN_OR_RETURN(std::string bytes, key.Sign(CosignedText(seconds, text)));
  return NoteSignature{.key_name = name.name(),
                       .key_id = name.id(),
                       .bytes = BigEndian(seconds, kTimeBytes) + bytes};
}

}  // namespace waystation::tlog
