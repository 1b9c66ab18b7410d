#ifndef WAYSTATION_COMMON_TLOG_NOTE_H_
#define WAYSTATION_COMMON_TLOG_NOTE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/ed25519.h"

// Signed notes as c2sp.org/signed-note v1.0.0 says, with the timestamped
// cosignatures of c2sp.org/tlog-cosignature.

namespace waystation::tlog {

// A note is refused above these, before anything in it is verified.
inline constexpr size_t kNoteBytesMax = size_t{64} * 1024;
inline constexpr size_t kNoteSignaturesMax = 64;

// The signature type of a key, as its verifier key names it.
enum class KeyType : uint8_t {
  kEd25519 = 0x01,      // A log's own signature.
  kEcdsa = 0x02,        // The same with P-256, where FIPS rules bind.
  kCosignature = 0x04,  // cosignature/v1: Ed25519 with a time.
};

// One signature line. The name and id are claims until a key verifies it.
struct NoteSignature {
  std::string key_name;
  uint32_t key_id = 0;
  std::string bytes;  // What follows the key id.

  // The line with its newline.
  std::string ToLine() const;
};

// A parsed note: text and signature lines, none of them verified.
struct Note {
  std::string text;  // With its last newline.
  std::vector<NoteSignature> signatures;

  // Errors: INVALID_ARGUMENT over a limit, control characters, no blank line, a
  // malformed signature line, no signature.
  static absl::StatusOr<Note> Parse(std::string_view bytes);
  std::string ToBytes() const;
};

// Reads signature lines alone, as a cosigner answers with them. Errors: as
// Note::Parse.
absl::StatusOr<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines);

// A public key under its name: `<name>+<key id>+<type and key>`.
//
//   WS_ASSIGN_OR_RETURN(VerifierKey key, VerifierKey::Parse(vkey));
//   WS_RETURN_IF_ERROR(key.VerifyNote(note));
//
// Thread-safe: immutable.
class VerifierKey {
 public:
  // Errors: INVALID_ARGUMENT malformed, an unknown type, or an id that is not
  // the key's.
  static absl::StatusOr<VerifierKey> Parse(std::string_view vkey);
  // `key` is 32 bytes of Ed25519, or a P-256 SubjectPublicKeyInfo for kEcdsa.
  // Errors: INVALID_ARGUMENT a name with space, plus or control characters.
  static absl::StatusOr<VerifierKey> Create(std::string_view name, KeyType type,
                                            std::string_view key);

  std::string ToString() const;
  const std::string& name() const { return name_; }
  uint32_t id() const { return id_; }
  KeyType type() const { return type_; }
  const std::string& key() const { return key_; }

  // Whether the line claims to be this key's.
  bool Claims(const NoteSignature& signature) const {
    return signature.key_id == id_ && signature.key_name == name_;
  }
  // Whether the line is this key's signature over `text`.
  bool Verify(std::string_view text, const NoteSignature& signature) const;

  // Whether the note bears this key's signature. Errors: NOT_FOUND no line of
  // it; UNAUTHENTICATED a line of it that does not verify.
  absl::Status VerifyNote(const Note& note) const;

  // The time that a cosignature bears. Only of one that verified.
  static absl::Time TimeOf(const NoteSignature& signature);

 private:
  VerifierKey(std::string name, KeyType type, std::string key, uint32_t id);

  std::string name_;
  KeyType type_;
  std::string key_;
  uint32_t id_;
};

// Signs `text`, which ends in a newline, as a log. Errors: INTERNAL.
absl::StatusOr<NoteSignature> SignNote(const VerifierKey& name, const crypto::Ed25519Key& key,
                                       std::string_view text);

// Countersigns `text` at `time` (whole seconds), as a cosigner. Errors: INTERNAL.
absl::StatusOr<NoteSignature> Cosign(const VerifierKey& name, const crypto::Ed25519Key& key,
                                     std::string_view text, absl::Time time);

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_NOTE_H_
