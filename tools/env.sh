# Sourced by the other tools: the caches outside the tree, and Bazel with them.
# A second clone on the same machine builds in seconds because the disk cache is shared.

WAYSTATION_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
WAYSTATION_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/waystation"

# Above this many bytes, the files that nobody read for the longest time go.
WAYSTATION_CACHE_BYTES=$((5 * 1024 * 1024 * 1024))

# ws_bazel VERB [ARGUMENT...] runs Bazel in the tree with the shared disk cache.
ws_bazel() {
  local verb="$1" cpus flags=()
  shift
  cpus="$(nproc)"
  # `query` builds nothing and refuses the flags of a build.
  if [[ "$verb" != query ]]; then
    mkdir -p "$WAYSTATION_CACHE/bazel-disk"
    flags=(--disk_cache="$WAYSTATION_CACHE/bazel-disk" --jobs="$cpus" --local_test_jobs="$cpus")
  fi
  (cd "$WAYSTATION_ROOT" && bazel "$verb" "${flags[@]}" "$@")
}

# Once a day: drops what was not read for 14 days, then the least recently read, until
# the disk cache is back under its bound. Bazel treats a missing entry as a miss.
ws_trim_cache() {
  local dir="$WAYSTATION_CACHE/bazel-disk" stamp="$WAYSTATION_CACHE/trimmed" used
  [[ -d "$dir" && -z "$(find "$stamp" -mtime -1 2>/dev/null)" ]] || return 0
  touch "$stamp"
  used="$(du -sb "$dir" | cut -f1)"
  ((used > WAYSTATION_CACHE_BYTES)) || return 0
  find "$dir" -type f -atime +14 -delete
  find "$dir" -type f -printf '%A@ %s %p\n' | sort -rn |
    awk -v bound="$WAYSTATION_CACHE_BYTES" '{ sum += $2; if (sum > bound) print $3 }' |
    xargs -r rm -f
}

# Prints the folder that holds buf and buildifier, named by the lock file's content.
ws_checkers_dir() {
  local lock="$WAYSTATION_ROOT/tools/presubmit/npm/package-lock.json"
  echo "$WAYSTATION_CACHE/npm-$(sha256sum "$lock" | cut -c1-16)"
}
