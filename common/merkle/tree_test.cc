#include "common/merkle/tree.h"

#include <vector>

#include "gtest/gtest.h"

namespace waystation::merkle {
namespace {

using crypto::AsBytes;
using crypto::Hex;

constexpr size_t kExhaustiveSizeMax = 130;

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// The vectors of the Certificate Transparency reference implementation.
std::vector<Digest> VectorLeaves(size_t size) {
  const char* kInputs[] = {"",
                           "00",
                           "10",
                           "2021",
                           "3031",
                           "40414243",
                           "5051525354555657",
                           "606162636465666768696a6b6c6d6e6f"};
  std::vector<Digest> leaves;
  for (size_t i = 0; i < size; ++i) leaves.push_back(LeafHash(FromHex(kInputs[i])));
  return leaves;
}

std::vector<Digest> NumberedLeaves(size_t size) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < size; ++i) leaves.push_back(LeafHash("leaf " + std::to_string(i)));
  return leaves;
}

// The definition of RFC 6962 2.1, word for word, to compare with.
Digest NaiveRoot(std::span<const Digest> leaves) {
  if (leaves.empty()) return crypto::Sha256("");
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return NodeHash(NaiveRoot(leaves.first(k)), NaiveRoot(leaves.subspan(k)));
}

std::string PathOf(const Tree& tree, size_t index) {
  std::string path;
  tree.AppendPath(index, &path);
  return path;
}

std::string ProofOf(const Tree& tree, size_t old_size) {
  std::string proof;
  tree.AppendConsistencyProof(old_size, &proof);
  return proof;
}

std::string Flipped(std::string bytes, size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

TEST(MerkleTest, RootsMatchRfc6962Vectors) {
  const char* kRoots[] = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  };
  for (size_t size = 0; size <= 8; ++size) {
    Tree tree(VectorLeaves(size));
    EXPECT_EQ(tree.size(), size);
    EXPECT_EQ(Hex(AsBytes(tree.root())), kRoots[size]) << size;
  }
}

TEST(MerkleTest, PathMatchesRfc6962Vector) {
  // Audit path of leaf 5 (counting from 0) in the tree of 8.
  EXPECT_EQ(Hex(PathOf(Tree(VectorLeaves(8)), 5)),
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(MerkleTest, ConsistencyProofMatchesRfc6962Vector) {
  // From 6 leaves to 8.
  EXPECT_EQ(Hex(ProofOf(Tree(VectorLeaves(8)), 6)),
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(MerkleTest, LevelsGiveTheRootOfTheDefinition) {
  for (size_t size = 0; size <= kExhaustiveSizeMax; ++size) {
    const std::vector<Digest> leaves = NumberedLeaves(size);
    ASSERT_EQ(Tree(leaves).root(), NaiveRoot(leaves)) << size;
  }
}

TEST(MerkleTest, EveryIndexOfEverySizeVerifies) {
  for (size_t size = 1; size <= kExhaustiveSizeMax; ++size) {
    const std::vector<Digest> leaves = NumberedLeaves(size);
    const Tree tree(leaves);
    for (size_t index = 0; index < size; ++index) {
      const std::string path = PathOf(tree, index);
      ASSERT_TRUE(VerifyInclusion(leaves[index], index, size, path, tree.root()).ok())
          << index << " of " << size;
      ASSERT_EQ(*RootFromPath(leaves[index], index, size, path), tree.root());
    }
  }
}

TEST(MerkleTest, RefusesEveryPathWithOneFlippedBit) {
  for (size_t size = 1; size <= kExhaustiveSizeMax; ++size) {
    const std::vector<Digest> leaves = NumberedLeaves(size);
    const Tree tree(leaves);
    for (size_t index = 0; index < size; ++index) {
      const std::string path = PathOf(tree, index);
      // Every bit of small trees; of larger ones another bit of every byte.
      const size_t step = size <= 16 ? 1 : 8;
      for (size_t bit = step == 1 ? 0 : index % 8; bit < path.size() * 8; bit += step) {
        ASSERT_TRUE(absl::IsUnauthenticated(
            VerifyInclusion(leaves[index], index, size, Flipped(path, bit), tree.root())))
            << index << " of " << size << ", bit " << bit;
      }
    }
  }
}

TEST(MerkleTest, RefusesAnotherLeafRootOrIndex) {
  for (size_t size = 1; size <= kExhaustiveSizeMax; ++size) {
    const std::vector<Digest> leaves = NumberedLeaves(size);
    const Tree tree(leaves);
    for (size_t index = 0; index < size; ++index) {
      const std::string path = PathOf(tree, index);
      ASSERT_FALSE(VerifyInclusion(LeafHash("other"), index, size, path, tree.root()).ok());
      ASSERT_FALSE(VerifyInclusion(leaves[index], index, size, path, LeafHash("other")).ok());
      for (size_t wrong = 0; wrong <= size; ++wrong) {
        if (wrong == index) continue;
        ASSERT_FALSE(VerifyInclusion(leaves[index], wrong, size, path, tree.root()).ok())
            << index << " as " << wrong << " of " << size;
      }
    }
  }
}

TEST(MerkleTest, RefusesThePathInATreeOfAnotherSize) {
  std::vector<Digest> roots;
  for (size_t size = 0; size <= kExhaustiveSizeMax; ++size) {
    roots.push_back(Tree(NumberedLeaves(size)).root());
  }
  const std::vector<Digest> leaves = NumberedLeaves(kExhaustiveSizeMax);
  for (size_t size = 1; size <= kExhaustiveSizeMax; ++size) {
    const Tree tree(NumberedLeaves(size));
    for (size_t index = 0; index < size; ++index) {
      const std::string path = PathOf(tree, index);
      for (size_t wrong = 0; wrong <= kExhaustiveSizeMax; ++wrong) {
        if (wrong == size) continue;
        ASSERT_FALSE(VerifyInclusion(leaves[index], index, wrong, path, roots[wrong]).ok())
            << index << " of " << size << " as of " << wrong;
      }
    }
  }
}

// A size that gives the index another path shape is refused even with the right
// root; one of equal shape is not, which is why size and root are signed
// together.
TEST(MerkleTest, WrongSizeWithTheRightRootIsRefusedUnlessTheShapeIsEqual) {
  const std::vector<Digest> leaves = NumberedLeaves(3);
  const Tree tree(leaves);
  const std::string path = PathOf(tree, 2);
  EXPECT_FALSE(VerifyInclusion(leaves[2], 2, 4, path, tree.root()).ok());
  EXPECT_FALSE(VerifyInclusion(leaves[2], 2, 5, path, tree.root()).ok());
  EXPECT_TRUE(VerifyInclusion(leaves[0], 0, 4, PathOf(tree, 0), tree.root()).ok());
}

TEST(MerkleTest, RefusesPathsOfTheWrongLength) {
  const std::vector<Digest> leaves = NumberedLeaves(13);
  const Tree tree(leaves);
  for (size_t index = 0; index < 13; ++index) {
    const std::string path = PathOf(tree, index);
    for (const std::string& bad :
         {std::string(), path.substr(0, path.size() - 1), path.substr(0, path.size() - kHashBytes),
          path.substr(kHashBytes), path + '\0', path + std::string(kHashBytes, 'x'), path + path,
          std::string(1 << 20, 'x')}) {
      ASSERT_FALSE(VerifyInclusion(leaves[index], index, 13, bad, tree.root()).ok())
          << index << ", " << bad.size() << " bytes";
    }
  }
  // The largest numbers neither overflow nor loop.
  EXPECT_FALSE(VerifyInclusion(leaves[0], UINT64_MAX, UINT64_MAX, "", tree.root()).ok());
  EXPECT_FALSE(VerifyInclusion(leaves[0], UINT64_MAX - 1, UINT64_MAX,
                               std::string(kPathBytesMax, 'x'), tree.root())
                   .ok());
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 0, "", EmptyRoot()).ok());
}

TEST(MerkleTest, ANodeIsNotALeaf) {
  const std::vector<Digest> leaves = NumberedLeaves(4);
  const Tree tree(leaves);
  // The left inner node, offered as the leaf of a tree of two.
  const std::string children = std::string(AsBytes(leaves[0])) + std::string(AsBytes(leaves[1]));
  const Digest right = NodeHash(leaves[2], leaves[3]);
  EXPECT_FALSE(VerifyInclusion(LeafHash(children), 0, 2, AsBytes(right), tree.root()).ok());
}

TEST(MerkleTest, EveryPairOfSizesIsConsistent) {
  std::vector<Tree> trees;
  for (size_t size = 0; size <= kExhaustiveSizeMax; ++size) {
    trees.emplace_back(NumberedLeaves(size));
  }
  const Digest other = LeafHash("other");
  for (const Tree& tree : trees) {
    for (size_t old_size = 0; old_size <= tree.size(); ++old_size) {
      const Digest& old_root = trees[old_size].root();
      const std::string proof = ProofOf(tree, old_size);
      ASSERT_TRUE(VerifyConsistency(old_size, old_root, tree.size(), tree.root(), proof).ok())
          << old_size << " to " << tree.size();
      ASSERT_FALSE(VerifyConsistency(old_size, other, tree.size(), tree.root(), proof).ok());
      if (old_size != 0) {
        ASSERT_FALSE(VerifyConsistency(old_size, old_root, tree.size(), other, proof).ok());
      }
      for (size_t byte = 0; byte < proof.size(); ++byte) {
        ASSERT_FALSE(VerifyConsistency(old_size, old_root, tree.size(), tree.root(),
                                       Flipped(proof, byte * 8 + byte % 8))
                         .ok())
            << old_size << " to " << tree.size() << ", byte " << byte;
      }
    }
  }
}

TEST(MerkleTest, RefusesInconsistentTreesAndBadProofs) {
  std::vector<Digest> leaves = NumberedLeaves(11);
  const Tree tree(leaves);
  const std::string proof = ProofOf(tree, 6);
  const Digest old_root = Tree(NumberedLeaves(6)).root();
  EXPECT_FALSE(VerifyConsistency(11, tree.root(), 6, old_root, proof).ok());
  EXPECT_FALSE(VerifyConsistency(6, old_root, 11, tree.root(), "").ok());
  EXPECT_FALSE(VerifyConsistency(6, old_root, 11, tree.root(), proof + '\0').ok());
  EXPECT_FALSE(VerifyConsistency(6, old_root, 11, tree.root(), proof + std::string(32, 'x')).ok());
  EXPECT_FALSE(
      VerifyConsistency(6, old_root, 11, tree.root(), proof.substr(0, proof.size() - 32)).ok());
  EXPECT_FALSE(VerifyConsistency(5, old_root, 11, tree.root(), proof).ok());
  EXPECT_FALSE(VerifyConsistency(11, tree.root(), 11, tree.root(), proof).ok());
  EXPECT_FALSE(VerifyConsistency(0, EmptyRoot(), 11, tree.root(), proof).ok());
  leaves[2] = LeafHash("rewritten history");
  const Tree rewritten(leaves);
  EXPECT_FALSE(VerifyConsistency(6, old_root, 11, rewritten.root(), ProofOf(rewritten, 6)).ok());
}

TEST(MerkleDeathTest, ACallersWrongIndexEndsTheProcess) {
  const Tree tree(NumberedLeaves(3));
  std::string out;
  EXPECT_DEATH(tree.AppendPath(3, &out), "broken");
  EXPECT_DEATH(tree.AppendConsistencyProof(4, &out), "broken");
}

}  // namespace
}  // namespace waystation::merkle
