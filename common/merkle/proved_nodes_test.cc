#include "common/merkle/proved_nodes.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace waystation::merkle {
namespace {

std::vector<Digest> NumberedLeaves(size_t size) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < size; ++i) leaves.push_back(LeafHash("leaf " + std::to_string(i)));
  return leaves;
}

std::string PathOf(const Tree& tree, size_t index) {
  std::string path;
  tree.AppendPath(index, &path);
  return path;
}

TEST(ProvedNodesTest, ProvesEveryLeafOfEverySizeInAnyOrder) {
  for (size_t size = 1; size <= 70; ++size) {
    const std::vector<Digest> leaves = NumberedLeaves(size);
    const Tree tree(leaves);
    ProvedNodes upwards(size, tree.root());
    ProvedNodes downwards(size, tree.root());
    for (size_t i = 0; i < size; ++i) {
      const size_t j = size - 1 - i;
      EXPECT_TRUE(upwards.VerifyInclusion(leaves[i], i, PathOf(tree, i)).ok()) << size << " " << i;
      EXPECT_TRUE(downwards.VerifyInclusion(leaves[j], j, PathOf(tree, j)).ok())
          << size << " " << j;
    }
  }
}

// A path is evidence that stands alone later, so each byte of each counts, also
// where all of the tree is proved before.
TEST(ProvedNodesTest, RefusesEveryAlteredByteOfAPathInAProvedTree) {
  constexpr size_t kSize = 13;
  const std::vector<Digest> leaves = NumberedLeaves(kSize);
  const Tree tree(leaves);
  ProvedNodes proved(kSize, tree.root());
  for (size_t i = 0; i < kSize; ++i) {
    ASSERT_TRUE(proved.VerifyInclusion(leaves[i], i, PathOf(tree, i)).ok());
  }
  for (size_t i = 0; i < kSize; ++i) {
    for (size_t byte = 0; byte < PathOf(tree, i).size(); ++byte) {
      std::string path = PathOf(tree, i);
      path[byte] = static_cast<char>(path[byte] ^ 1);
      EXPECT_TRUE(absl::IsUnauthenticated(proved.VerifyInclusion(leaves[i], i, path)));
    }
    const size_t other = (i + 1) % kSize;
    EXPECT_FALSE(proved.VerifyInclusion(leaves[other], i, PathOf(tree, i)).ok());
    EXPECT_TRUE(proved.VerifyInclusion(leaves[i], i, PathOf(tree, i)).ok());
  }
}

TEST(ProvedNodesTest, RefusesAnotherRootAndWhatItRefusedProvesNothing) {
  const std::vector<Digest> leaves = NumberedLeaves(8);
  const Tree tree(leaves);
  ProvedNodes proved(8, NumberedLeaves(1)[0]);
  EXPECT_TRUE(absl::IsUnauthenticated(proved.VerifyInclusion(leaves[0], 0, PathOf(tree, 0))));
  EXPECT_TRUE(absl::IsUnauthenticated(proved.VerifyInclusion(leaves[1], 1, PathOf(tree, 1))));
}

// VerifyInclusion of tree.h is the measure: the same verdict for paths that are
// right, altered, cut, too long, of another leaf or of another size.
TEST(ProvedNodesTest, AgreesWithTheVerifierThatForgets) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    const size_t size = 1 + random() % ProvedNodes::kLeavesMax;
    const std::vector<Digest> leaves = NumberedLeaves(size);
    const Tree tree(leaves);
    ProvedNodes proved(size, tree.root());
    for (int i = 0; i < 60; ++i) {
      const size_t index = random() % size;
      std::string path = PathOf(tree, random() % 8 == 0 ? random() % size : index);
      Digest leaf = leaves[index];
      if (random() % 8 == 0) leaf[random() % leaf.size()] ^= 1;
      if (random() % 8 == 0) path.resize(random() % 400);
      if (random() % 8 == 0 && !path.empty()) path[random() % path.size()] ^= 1;
      const uint64_t place = random() % 8 == 0 ? random() % 1100 : index;
      EXPECT_EQ(proved.VerifyInclusion(leaf, place, path).code(),
                VerifyInclusion(leaf, place, size, path, tree.root()).code())
          << size << " " << place;
    }
  }
}

}  // namespace
}  // namespace waystation::merkle
