#include "common/evidence/leaf.h"

#include <charconv>
#include <iterator>

namespace waystation::evidence {
namespace {

void AddSized(std::string_view bytes, crypto::Sha256Hasher* hasher) {
  char text[24];
  char* end = std::to_chars(std::begin(text), std::end(text), bytes.size()).ptr;
  *end++ = ' ';
  hasher->Update({text, static_cast<size_t>(end - text)});
  hasher->Update(bytes);
}

}  // namespace

crypto::Digest LeafHash(std::string_view type, std::string_view content) {
  // 0x00 marks a leaf (RFC 6962 2.1); the rest is DSSE v1.0.2.
  static constexpr char kStart[] = "\0DSSEv1 ";
  crypto::Sha256Hasher hasher;
  hasher.Update({kStart, sizeof(kStart) - 1});
  AddSized(type, &hasher);
  hasher.Update(" ");
  AddSized(content, &hasher);
  return hasher.Finish();
}

}  // namespace waystation::evidence
