#ifndef WAYSTATION_COMMON_MERKLE_PROVED_NODES_H_
#define WAYSTATION_COMMON_MERKLE_PROVED_NODES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/merkle/tree.h"

namespace waystation::merkle {

// Verifies the audit paths of many leaves of one tree. What one path has proved,
// its nodes and the siblings beside them, the next one is compared with and does
// not hash again: a whole batch costs one hash for each leaf instead of ten.
//
//   ProvedNodes proved(size, root);
//   WS_RETURN_IF_ERROR(proved.VerifyInclusion(leaf_hash, index, path));
//
// Says the same as `VerifyInclusion` of tree.h, path by path, in any order.
// Limits: 1,024 leaves; 66 bytes for each.
// Thread-compatible.
class ProvedNodes {
 public:
  static constexpr uint64_t kLeavesMax = 1024;

  // `size` is 1 to 1,024; anything else ends the process. `root` is believed.
  ProvedNodes(uint64_t size, const Digest& root);

  // Errors: as `VerifyInclusion` of tree.h; what it refused proves nothing.
  absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t index, std::string_view path);

 private:
  struct Node {
    Digest hash;
    bool proved = false;
  };

  // The nodes of a level, from the leaves up; a last odd node stands unchanged
  // in the level above as well, as in `Tree`.
  std::vector<std::vector<Node>> levels_;
};

}  // namespace waystation::merkle

#endif  // WAYSTATION_COMMON_MERKLE_PROVED_NODES_H_
