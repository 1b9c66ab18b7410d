#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>

// Loaded into a process under test before its own libraries (LD_PRELOAD): counts its
// calls of fdatasync and fsync, by which every commit is made durable, and at one of
// them kills the process. The count is of the whole process: strace's injection has
// one for each thread.
//
// A test arms it through the file that $WAYSTATION_KILL_FILE names, mapped by both.

namespace {

struct Shared {
  int64_t seen;      // Syncs until now, by every process that had this file.
  int64_t left;      // The sync at which it becomes 0 is the last; 0 is unarmed.
  int64_t is_after;  // Whether that sync is made before the process dies.
  char path[256];    // The file that was to be synced then.
};

Shared* Map() {
  const char* path = std::getenv("WAYSTATION_KILL_FILE");
  const int fd = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* at = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<Shared*>(at);
}

// Writes the path of an open file, without allocating.
void WritePath(int fd, Shared* shared) {
  char link[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  for (int rest = fd; count == 0 || rest > 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  char* end = link + 14;
  while (count > 0) *end++ = digits[--count];
  *end = '\0';
  const ssize_t size = readlink(link, shared->path, sizeof(shared->path) - 1);
  shared->path[size < 0 ? 0 : size] = '\0';
}

// Whether this sync is the one at which the process dies.
bool IsLast(int fd, Shared* shared) {
  if (shared == nullptr) return false;
  std::atomic_ref<int64_t>(shared->seen).fetch_add(1);
  std::atomic_ref<int64_t> left(shared->left);
  int64_t before = left.load();
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
  }
  if (before != 1) return false;
  WritePath(fd, shared);
  return true;
}

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

int Sync(const char* name, int fd) {
  static Shared* const shared = Map();
  const bool last = IsLast(fd, shared);
  if (last && shared->is_after == 0) Die();
  const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name));
  const int result = real(fd);
  if (last) Die();
  return result;
}

}  // namespace

extern "C" int fdatasync(int fd) { return Sync("fdatasync", fd); }
extern "C" int fsync(int fd) { return Sync("fsync", fd); }
