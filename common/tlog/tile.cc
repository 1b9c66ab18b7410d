#include "common/tlog/tile.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"

namespace waystation::tlog {
namespace {

using merkle::Digest;
using merkle::kHashBytes;

constexpr int kTileHeight = 8;
constexpr int kLevelsMax = 8;  // 256^8 leaves are more than there can be.
constexpr uint64_t kPathGroup = 1'000;

absl::Status NoPath(std::string_view path) {
  return absl::InvalidArgumentError(
      Problem("tile path", "malformed", Quoted(path), "tile/<level>/<index>[.p/<width>]"));
}

// "x001/x234/067": three digits each, all but the last marked.
std::string IndexPath(uint64_t index) {
  std::string path = absl::StrFormat("%03d", index % kPathGroup);
  while ((index /= kPathGroup) > 0) path = absl::StrFormat("x%03d/", index % kPathGroup) + path;
  return path;
}

std::vector<Digest> HashesOf(std::string_view tile) {
  std::vector<Digest> hashes;
  hashes.reserve(tile.size() / kHashBytes);
  for (; tile.size() >= kHashBytes; tile.remove_prefix(kHashBytes)) {
    hashes.push_back(*crypto::DigestFrom(tile.substr(0, kHashBytes)));
  }
  return hashes;
}

// Number of hashes that the level has in a tree of `size`.
uint64_t HashesAt(int level, uint64_t size) {
  const int shift = level * kTileHeight;
  return shift >= 64 ? 0 : size >> shift;
}

}  // namespace

std::string TileId::ToPath() const {
  std::string path = level == kEntries ? "tile/entries/" : absl::StrCat("tile/", level, "/");
  absl::StrAppend(&path, IndexPath(index));
  if (width != kTileWidth) absl::StrAppend(&path, ".p/", width);
  return path;
}

absl::StatusOr<TileId> TileId::FromPath(std::string_view path) {
  TileId id;
  std::string_view rest = path;
  if (!rest.starts_with("tile/")) return NoPath(path);
  rest.remove_prefix(5);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return NoPath(path);
  const std::string_view level = rest.substr(0, slash);
  if (level == "entries") {
    id.level = kEntries;
  } else if (!absl::SimpleAtoi(Absl(level), &id.level) || id.level < 0 || id.level > 63) {
    return NoPath(path);
  }
  rest.remove_prefix(slash + 1);
  if (const size_t partial = rest.find(".p/"); partial != std::string_view::npos) {
    if (!absl::SimpleAtoi(Absl(rest.substr(partial + 3)), &id.width)) return NoPath(path);
    if (id.width == 0 || id.width >= kTileWidth) return NoPath(path);
    rest = rest.substr(0, partial);
  }
  std::string digits;
  for (char c : rest) {
    if (c != 'x' && c != '/') digits += c;
  }
  // At most 18 digits, so that nothing overflows; the one form is what it prints.
  if (digits.empty() || digits.size() > 18 || !absl::SimpleAtoi(digits, &id.index)) {
    return NoPath(path);
  }
  if (id.ToPath() != path) return NoPath(path);
  return id;
}

std::vector<TileId> TilesBetween(uint64_t old_size, uint64_t size) {
  std::vector<TileId> full;
  std::vector<TileId> partial;
  for (int level = 0; level < kLevelsMax; ++level) {
    const uint64_t hashes = HashesAt(level, size);
    if (hashes == 0) break;
    for (uint64_t index = HashesAt(level, old_size) / kTileWidth; index < hashes / kTileWidth;
         ++index) {
      full.push_back({.level = level, .index = index});
    }
    const uint64_t width = hashes % kTileWidth;
    if (width != 0 && HashesAt(level, old_size) != hashes) {
      partial.push_back({.level = level, .index = hashes / kTileWidth, .width = width});
    }
  }
  full.insert(full.end(), partial.begin(), partial.end());
  return full;
}

Digest TileRoot(std::string_view hashes) { return merkle::Tree(HashesOf(hashes)).root(); }

// The node that covers the leaves [index << level, (index + 1) << level).
absl::StatusOr<Digest> TileTree::Complete(int level, uint64_t index) const {
  const int tile_level = level / kTileHeight;
  const int within = level % kTileHeight;
  const uint64_t first = index << within;  // Hash in the level of the tile.
  const uint64_t count = uint64_t{1} << within;
  TileId id{.level = tile_level, .index = first / kTileWidth};
  id.width = std::min(kTileWidth, HashesAt(tile_level, size_) - id.index * kTileWidth);
  WS_ASSIGN_OR_RETURN(std::string tile, read_(id));
  if (tile.size() != id.width * kHashBytes) {
    return absl::DataLossError(Problem(id.ToPath(), "wrong length",
                                       absl::StrCat(tile.size(), " bytes"),
                                       absl::StrCat(id.width * kHashBytes)));
  }
  const std::string_view hashes =
      std::string_view(tile).substr(first % kTileWidth * kHashBytes, count * kHashBytes);
  return TileRoot(hashes);
}

absl::StatusOr<Digest> TileTree::Subtree(uint64_t begin, uint64_t end) const {
  const uint64_t count = end - begin;
  if (std::has_single_bit(count) && begin % count == 0) {
    const int level = std::countr_zero(count);
    return Complete(level, begin >> level);
  }
  const uint64_t split = begin + std::bit_floor(count - 1);
  WS_ASSIGN_OR_RETURN(Digest left, Subtree(begin, split));
  WS_ASSIGN_OR_RETURN(Digest right, Subtree(split, end));
  return merkle::NodeHash(left, right);
}

absl::StatusOr<Digest> TileTree::RootAt(uint64_t size) const {
  WS_CHECK(size <= size_);
  if (size == 0) return merkle::EmptyRoot();
  return Subtree(0, size);
}

absl::StatusOr<Digest> TileTree::LeafAt(uint64_t index) const {
  WS_CHECK(index < size_);
  return Complete(0, index);
}

absl::Status TileTree::AppendSubtree(uint64_t begin, uint64_t end, std::string* out) const {
  WS_ASSIGN_OR_RETURN(Digest hash, Subtree(begin, end));
  out->append(crypto::AsBytes(hash));
  return absl::OkStatus();
}

absl::StatusOr<std::string> TileTree::InclusionProof(uint64_t index, uint64_t size) const {
  WS_CHECK(index < size && size <= size_);
  // From the root down; the path is told from the leaf up (RFC 6962 2.1.1).
  std::vector<std::pair<uint64_t, uint64_t>> siblings;
  uint64_t begin = 0;
  uint64_t end = size;
  while (end - begin > 1) {
    const uint64_t split = begin + std::bit_floor(end - begin - 1);
    const bool left = index < split;
    siblings.emplace_back(left ? split : begin, left ? end : split);
    (left ? end : begin) = split;
  }
  std::string proof;
  for (auto sibling = siblings.rbegin(); sibling != siblings.rend(); ++sibling) {
    WS_RETURN_IF_ERROR(AppendSubtree(sibling->first, sibling->second, &proof));
  }
  return proof;
}

absl::StatusOr<std::string> TileTree::ConsistencyProof(uint64_t old_size, uint64_t size) const {
  WS_CHECK(old_size <= size && size <= size_);
  if (old_size == 0 || old_size == size) return std::string();
  std::vector<std::pair<uint64_t, uint64_t>> siblings;
  uint64_t begin = 0;
  uint64_t end = size;
  // RFC 6962 2.1.2, SUBPROOF, without the recursion.
  while (end != old_size) {
    const uint64_t split = begin + std::bit_floor(end - begin - 1);
    const bool left = old_size <= split;
    siblings.emplace_back(left ? split : begin, left ? end : split);
    (left ? end : begin) = split;
  }
  std::string proof;
  // The verifier knows the old root, so a whole old tree is left out.
  if (begin != 0) WS_RETURN_IF_ERROR(AppendSubtree(begin, end, &proof));
  for (auto sibling = siblings.rbegin(); sibling != siblings.rend(); ++sibling) {
    WS_RETURN_IF_ERROR(AppendSubtree(sibling->first, sibling->second, &proof));
  }
  return proof;
}

void TreeHead::Append(const Digest& leaf_hash, const OnFullTile& on_full) {
  Digest hash = leaf_hash;
  ++size_;
  for (size_t level = 0;; ++level) {
    if (edge_.size() == level) edge_.emplace_back().reserve(kTileBytes);
    std::string& tile = edge_[level];
    tile.append(crypto::AsBytes(hash));
    if (tile.size() < kTileBytes) return;
    const uint64_t index = (HashesAt(static_cast<int>(level), size_) - 1) / kTileWidth;
    on_full({.level = static_cast<int>(level), .index = index}, tile);
    hash = TileRoot(tile);
    tile.clear();
  }
}

Digest TreeHead::Root() const {
  std::optional<Digest> root;
  // Lower levels lie to the right of higher ones.
  for (const std::string& tile : edge_) {
    if (tile.empty()) continue;
    std::vector<Digest> hashes = HashesOf(tile);
    // Each hash here is a complete tree; the rest to their right is one more, of
    // another shape, and goes on from the last peak to the first.
    size_t end = hashes.size();
    if (!root.has_value()) {
      root = merkle::Tree(hashes).root();
      continue;
    }
    while (end > 0) {
      const size_t peak = size_t{1} << std::countr_zero(end);
      const auto peak_hashes = std::span<const Digest>(hashes).subspan(end - peak, peak);
      root = merkle::NodeHash(merkle::Tree(peak_hashes).root(), *root);
      end -= peak;
    }
  }
  return root.value_or(merkle::EmptyRoot());
}

void TreeHead::ForEachPartial(const OnFullTile& on_partial) const {
  for (size_t level = 0; level < edge_.size(); ++level) {
    if (edge_[level].empty()) continue;
    on_partial({.level = static_cast<int>(level),
                .index = HashesAt(static_cast<int>(level), size_) / kTileWidth,
                .width = edge_[level].size() / kHashBytes},
               edge_[level]);
  }
}

std::string_view TreeHead::Edge(int level) const {
  const auto at = static_cast<size_t>(level);
  return at < edge_.size() ? std::string_view(edge_[at]) : std::string_view();
}

absl::StatusOr<TreeHead> TreeHead::Load(uint64_t size, const ReadTile& read) {
  TreeHead head;
  head.size_ = size;
  for (int level = 0; HashesAt(level, size) > 0; ++level) {
    const uint64_t hashes = HashesAt(level, size);
    std::string& tile = head.edge_.emplace_back();
    tile.reserve(kTileBytes);
    const TileId id{.level = level, .index = hashes / kTileWidth, .width = hashes % kTileWidth};
    if (id.width == 0) continue;
    WS_ASSIGN_OR_RETURN(std::string bytes, read(id));
    if (bytes.size() != id.width * kHashBytes) {
      return absl::DataLossError(Problem(id.ToPath(), "wrong length",
                                         absl::StrCat(bytes.size(), " bytes"),
                                         absl::StrCat(id.width * kHashBytes)));
    }
    tile.append(bytes);
  }
  return head;
}

}  // namespace waystation::tlog
