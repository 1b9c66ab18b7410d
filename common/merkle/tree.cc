#include "common/merkle/tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::merkle {
namespace {

// RFC 6962 2.1: other prefixes for leaf and node, so that no node can be shown
// as a leaf.
constexpr char kLeafPrefix = 0x00;
constexpr char kNodePrefix = 0x01;

std::vector<Digest> LevelAbove(const std::vector<Digest>& below) {
  std::vector<Digest> above;
  above.reserve((below.size() + 1) / 2);
  for (size_t i = 0; i + 1 < below.size(); i += 2) {
    above.push_back(NodeHash(below[i], below[i + 1]));
  }
  if (below.size() % 2 == 1) above.push_back(below.back());
  return above;
}

absl::Status WrongLength(std::string_view thing, size_t bytes, std::string_view want) {
  return absl::InvalidArgumentError(
      Problem(thing, "wrong length", absl::StrCat(bytes, " bytes"), want));
}

// Takes the hashes of a path one after another.
class PathReader {
 public:
  explicit PathReader(std::string_view path) : rest_(path) {}

  bool done() const { return rest_.empty(); }
  std::optional<Digest> Next() {
    std::optional<Digest> hash = crypto::DigestFrom(rest_.substr(0, kHashBytes));
    rest_.remove_prefix(std::min(rest_.size(), kHashBytes));
    return hash;
  }

 private:
  std::string_view rest_;
};

// Climbs from a node and the last node of its level, as RFC 9162 does with fn
// and sn.
struct Climb {
  uint64_t node;
  uint64_t last;

  // A node that is a right child, or the last of an odd level: its sibling in
  // the path stands to its left.
  bool sibling_is_left() const { return node % 2 == 1 || node == last; }
  // Skips the levels in which a last node moved up without a sibling.
  void SkipPromotions() {
    while (node % 2 == 0 && node != 0) Up();
  }
  void Up() {
    node >>= 1;
    last >>= 1;
  }
};

bool BothRootsFollow(Climb climb, Digest seed, PathReader reader, const Digest& old_root,
                     const Digest& new_root) {
  Digest old_hash = seed;
  Digest new_hash = seed;
  while (std::optional<Digest> sibling = reader.Next()) {
    if (climb.last == 0) return false;
    if (climb.sibling_is_left()) {
      old_hash = NodeHash(*sibling, old_hash);
      new_hash = NodeHash(*sibling, new_hash);
      climb.SkipPromotions();
    } else {
      new_hash = NodeHash(new_hash, *sibling);
    }
    climb.Up();
  }
  return climb.last == 0 && old_hash == old_root && new_hash == new_root;
}

// Sizes for which the proof is empty and the roots decide alone.
absl::Status VerifyTrivial(uint64_t old_size, const Digest& old_root, const Digest& new_root,
                           std::string_view proof) {
  if (!proof.empty()) return WrongLength("consistency proof", proof.size(), "0 bytes");
  const Digest want = old_size == 0 ? EmptyRoot() : new_root;
  if (old_root == want) return absl::OkStatus();
  return absl::UnauthenticatedError(Problem("consistency proof", "does not lead to both roots"));
}

}  // namespace

Digest LeafHash(std::string_view leaf) {
  crypto::Sha256Hasher hasher;
  hasher.Update({&kLeafPrefix, 1});
  hasher.Update(leaf);
  return hasher.Finish();
}

Digest NodeHash(const Digest& left, const Digest& right) {
  char input[1 + 2 * kHashBytes];
  input[0] = kNodePrefix;
  std::memcpy(input + 1, left.data(), kHashBytes);
  std::memcpy(input + 1 + kHashBytes, right.data(), kHashBytes);
  return crypto::Sha256({input, sizeof(input)});
}

Digest EmptyRoot() { return crypto::Sha256(""); }

Tree::Tree(std::span<const Digest> leaf_hashes) {
  levels_.emplace_back(leaf_hashes.begin(), leaf_hashes.end());
  while (levels_.back().size() > 1) levels_.push_back(LevelAbove(levels_.back()));
  root_ = leaf_hashes.empty() ? EmptyRoot() : levels_.back().front();
}

void Tree::AppendPath(size_t index, std::string* out) const {
  WS_CHECK(index < size());
  for (const std::vector<Digest>& level : levels_) {
    size_t sibling = index ^ 1;
    if (sibling < level.size()) out->append(crypto::AsBytes(level[sibling]));
    index >>= 1;
  }
}

// The subtrees that proofs cite are either full or reach the right edge, and a
// kept level holds both at the place where they start.
const Digest& Tree::SubtreeRoot(size_t begin, size_t end) const {
  auto level = static_cast<size_t>(std::bit_width(end - begin - 1));
  return levels_[level][begin >> level];
}

// SUBPROOF of RFC 6962 2.1.2, from the top down: the part of the tree that holds
// the old edge shrinks, and what lies beside it goes into the proof.
void Tree::AppendConsistencyProof(size_t old_size, std::string* out) const {
  WS_CHECK(old_size <= size());
  if (old_size == 0 || old_size == size()) return;
  size_t begin = 0;
  size_t end = size();
  std::vector<const Digest*> top_down;
  while (end != old_size) {
    size_t middle = begin + std::bit_floor(end - begin - 1);
    if (old_size <= middle) {
      top_down.push_back(&SubtreeRoot(middle, end));
      end = middle;
    } else {
      top_down.push_back(&SubtreeRoot(begin, middle));
      begin = middle;
    }
  }
  // The old tree itself is known to the verifier and left out (b = true).
  if (begin != 0) top_down.push_back(&SubtreeRoot(begin, end));
  for (auto hash = top_down.rbegin(); hash != top_down.rend(); ++hash) {
    out->append(crypto::AsBytes(**hash));
  }
}

absl::StatusOr<Digest> RootFromPath(const Digest& leaf_hash, uint64_t index, uint64_t size,
                                    std::string_view path) {
  if (index >= size) {
    return absl::InvalidArgumentError(Problem("audit path", "index out of range",
                                              absl::StrCat(index), absl::StrCat("below ", size)));
  }
  constexpr std::string_view kWant = "32 bytes for each level that has a sibling";
  if (path.size() > kPathBytesMax) return WrongLength("audit path", path.size(), kWant);
  Climb climb{index, size - 1};
  Digest root = leaf_hash;
  PathReader reader(path);
  while (!reader.done()) {
    std::optional<Digest> sibling = reader.Next();
    if (!sibling || climb.last == 0) return WrongLength("audit path", path.size(), kWant);
    if (climb.sibling_is_left()) {
      root = NodeHash(*sibling, root);
      climb.SkipPromotions();
    } else {
      root = NodeHash(root, *sibling);
    }
    climb.Up();
  }
  if (climb.last != 0) return WrongLength("audit path", path.size(), kWant);
  return root;
}

absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t index, uint64_t size,
                             std::string_view path, const Digest& root) {
  WS_ASSIGN_OR_RETURN(Digest reached, RootFromPath(leaf_hash, index, size, path));
  if (reached == root) return absl::OkStatus();
  return absl::UnauthenticatedError(Problem("audit path", "leads to another root",
                                            crypto::Hex(crypto::AsBytes(reached)),
                                            crypto::Hex(crypto::AsBytes(root))));
}

absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size,
                               const Digest& new_root, std::string_view proof) {
  if (old_size > new_size) {
    return absl::InvalidArgumentError(Problem("consistency proof", "old size above new size",
                                              absl::StrCat(old_size),
                                              absl::StrCat("at most ", new_size)));
  }
  if (old_size == 0 || old_size == new_size) {
    return VerifyTrivial(old_size, old_root, new_root, proof);
  }
  if (proof.empty() || proof.size() > kProofBytesMax || proof.size() % kHashBytes != 0) {
    return WrongLength("consistency proof", proof.size(), "32 bytes for each hash");
  }
  Climb climb{old_size - 1, new_size - 1};
  while (climb.node % 2 == 1) climb.Up();
  // A full old tree is a node of the new one, so its root starts the climb.
  PathReader reader(proof);
  Digest seed = std::has_single_bit(old_size) ? old_root : *reader.Next();
  if (BothRootsFollow(climb, seed, reader, old_root, new_root)) return absl::OkStatus();
  return absl::UnauthenticatedError(Problem("consistency proof", "does not lead to both roots"));
}

}  // namespace waystation::merkle
