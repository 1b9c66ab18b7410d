#include "common/merkle/proved_nodes.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::merkle {
namespace {

// Levels of a tree of 1,024 leaves, the root's included.
constexpr size_t kLevelsMax = 11;

// The sibling that a path gives for each level, empty where there is none.
using Siblings = std::array<std::string_view, kLevelsMax>;

absl::StatusOr<Siblings> SplitPath(uint64_t index, uint64_t size, std::string_view path) {
  if (index >= size) {
    return absl::InvalidArgumentError(Problem("audit path", "index out of range",
                                              absl::StrCat(index), absl::StrCat("below ", size)));
  }
  Siblings siblings;
  size_t hashes = 0;
  size_t level = 0;
  for (uint64_t last = size - 1; last > 0; index >>= 1, last >>= 1, ++level) {
    if ((index ^ 1) > last) continue;
    const size_t at = hashes++ * kHashBytes;
    if (at < path.size()) siblings[level] = path.substr(at, kHashBytes);
  }
  if (path.size() == hashes * kHashBytes) return siblings;
  return absl::InvalidArgumentError(
      Problem("audit path", "wrong length", absl::StrCat(path.size(), " bytes"),
              absl::StrCat(hashes * kHashBytes, " bytes for this leaf")));
}

absl::Status Unproved(size_t level, std::string_view got, std::string_view want) {
  return absl::UnauthenticatedError(Problem("audit path", "leads to another root",
                                            absl::StrCat(crypto::Hex(got), " at level ", level),
                                            crypto::Hex(want)));
}

}  // namespace

ProvedNodes::ProvedNodes(uint64_t size, const Digest& root) {
  WS_CHECK(size >= 1 && size <= kLeavesMax);
  for (uint64_t width = size; width > 1; width = (width + 1) / 2) levels_.emplace_back(width);
  levels_.emplace_back(1, Node{.hash = root, .proved = true});
}

// Climbs by hashing up to the first node that is proved, which must be the one
// that was reached. Above it all on the way is proved too, and what stands beside
// the way, since they became so together: comparing says there what hashing would.
absl::Status ProvedNodes::VerifyInclusion(const Digest& leaf_hash, uint64_t index,
                                          std::string_view path) {
  WS_ASSIGN_OR_RETURN(const Siblings siblings, SplitPath(index, levels_.front().size(), path));
  std::array<Digest, kLevelsMax> climbed;
  climbed[0] = leaf_hash;
  size_t met = 0;
  for (; !levels_[met][index >> met].proved; ++met) {
    climbed[met + 1] = climbed[met];
    if (siblings[met].empty()) continue;
    const Digest sibling = *crypto::DigestFrom(siblings[met]);
    const bool is_right = (index >> met) % 2 == 1;
    climbed[met + 1] = is_right ? NodeHash(sibling, climbed[met]) : NodeHash(climbed[met], sibling);
  }
  const Digest& proved = levels_[met][index >> met].hash;
  if (proved != climbed[met]) {
    return Unproved(met, crypto::AsBytes(climbed[met]), crypto::AsBytes(proved));
  }
  for (size_t level = met; level < levels_.size(); ++level) {
    if (siblings[level].empty()) continue;
    const Node& beside = levels_[level][(index >> level) ^ 1];
    if (crypto::AsBytes(beside.hash) != siblings[level]) {
      return Unproved(level, siblings[level], crypto::AsBytes(beside.hash));
    }
  }
  for (size_t level = 0; level < met; ++level) {
    levels_[level][index >> level] = {.hash = climbed[level], .proved = true};
    if (siblings[level].empty()) continue;
    levels_[level][(index >> level) ^ 1] = {.hash = *crypto::DigestFrom(siblings[level]),
                                            .proved = true};
  }
  return absl::OkStatus();
}

}  // namespace waystation::merkle
