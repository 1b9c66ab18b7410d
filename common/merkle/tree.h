#ifndef WAYSTATION_COMMON_MERKLE_TREE_H_
#define WAYSTATION_COMMON_MERKLE_TREE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"

// The Merkle tree of RFC 6962 section 2.1 (SHA-256; leaves prefixed 0x00,
// nodes 0x01), verified as RFC 9162 section 2.1 says. One code for batch
// signatures, block receipts and the audit log. A path or proof travels as its
// 32-byte hashes one after another, lowest level first.

namespace waystation::merkle {

using crypto::Digest;

inline constexpr size_t kHashBytes = 32;
// A tree of 2^64 leaves has 64 levels below the root; a consistency proof adds
// one hash.
inline constexpr size_t kPathBytesMax = 64 * kHashBytes;
inline constexpr size_t kProofBytesMax = 65 * kHashBytes;

// SHA-256(0x00 || leaf).
Digest LeafHash(std::string_view leaf);

// SHA-256(0x01 || left || right).
Digest NodeHash(const Digest& left, const Digest& right);

// The root of the tree without leaves: SHA-256 of nothing.
Digest EmptyRoot();

// A whole tree in memory, all levels kept, so that one build gives the paths of
// all its leaves: a frame of messages or a block of receipts is signed once and
// each item proven alone.
//
//   Tree tree(leaf_hashes);
//   std::string path;
//   tree.AppendPath(index, &path);
//
// Limits: memory is 64 bytes for each leaf. Copies the leaf hashes.
// Thread-compatible; const use is safe from any thread.
class Tree {
 public:
  explicit Tree(std::span<const Digest> leaf_hashes);

  uint64_t size() const { return levels_.front().size(); }
  // `EmptyRoot()` without leaves.
  const Digest& root() const { return root_; }

  // Appends the audit path of leaf `index` to `out`, ceil(log2(size)) hashes at
  // most. `index` must be below `size()`; anything else ends the process.
  void AppendPath(size_t index, std::string* out) const;

  // Appends the proof that the tree of the first `old_size` leaves is a prefix
  // of this one; nothing where `old_size` is 0 or `size()`. An `old_size` above
  // `size()` ends the process.
  void AppendConsistencyProof(size_t old_size, std::string* out) const;

 private:
  const Digest& SubtreeRoot(size_t begin, size_t end) const;

  // levels_[0] are the leaf hashes; a last odd node moves up unchanged, which
  // gives exactly the tree of RFC 6962.
  std::vector<std::vector<Digest>> levels_;
  Digest root_;
};

// Computes the root that `path` leads to from leaf `index` of `size`.
// Errors: INVALID_ARGUMENT index not below size, or a path of the wrong length.
absl::StatusOr<Digest> RootFromPath(const Digest& leaf_hash, uint64_t index, uint64_t size,
                                    std::string_view path);

// Verifies that the leaf is at `index` in the tree of `size` leaves and `root`.
// `size` and `root` must come from one signed source: several sizes share a
// path shape, so a path does not prove the size (RFC 9162 2.1.3.2).
// Errors: as `RootFromPath`; UNAUTHENTICATED the path leads to another root.
absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                             std::string_view path, const Digest& root);

// Verifies that the tree (`new_size`, `new_root`) only added leaves to the tree
// (`old_size`, `old_root`) (RFC 9162 2.1.4.2). From size 0 the proof is empty
// and `old_root` is `EmptyRoot()`.
// Errors: INVALID_ARGUMENT sizes in the wrong order or a proof of the wrong
// length; UNAUTHENTICATED it does not lead to both roots.
absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size,
                               const Digest& new_root, std::string_view proof);

}  // namespace waystation::merkle

#endif  // WAYSTATION_COMMON_MERKLE_TREE_H_
