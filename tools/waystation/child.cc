#include "tools/waystation/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr size_t kOutputBytesMax = 64 * 1024;
constexpr int kExecFailed = 127;

// Between fork and exec only async-signal-safe calls: other threads may have
// held any lock.
[[noreturn]] void RunChild(char* const* argv, int output, int log, pid_t parent,
                           const sigset_t& mask) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The command may have died before the line above.
  if (getppid() != parent) _exit(kExecFailed);
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execv(argv[0], argv);
  _exit(kExecFailed);
}

std::string EndWords(int wait_status) {
  if (WIFSIGNALED(wait_status)) return absl::StrCat("killed by signal ", WTERMSIG(wait_status));
  return absl::StrCat("exit status ", WEXITSTATUS(wait_status));
}

absl::Status Failed(const Child::Options& options, std::string_view problem, int error) {
  return absl::FailedPreconditionError(Problem(options.name, problem, std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(Options options, const Signals& signals) {
  if (access(options.command[0].c_str(), X_OK) != 0) {
    return WithNext(absl::NotFoundError(Problem(options.name, "no such program", options.command[0],
                                                "WAYSTATION_BIN_DIR with services/<name>/<name>")),
                    "tools/ws dev (builds what is missing)");
  }
  const int log = open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Failed(options, options.log_path + " cannot be written", errno);
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    close(log);
    return Failed(options, "no pipe", errno);
  }
  std::vector<char*> argv;
  for (std::string& word : options.command) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) RunChild(argv.data(), pipe_ends[1], log, parent, signals.former());
  const int error = errno;
  close(log);
  close(pipe_ends[1]);
  if (pid < 0) {
    close(pipe_ends[0]);
    return Failed(options, "no process", error);
  }
  fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
  return std::unique_ptr<Child>(new Child(std::move(options), pid, pipe_ends[0]));
}

Child::~Child() {
  if (!Ended()) {
    Send(SIGKILL);
    while (waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
    }
  }
  close(output_);
}

std::string Child::ReadReadyLine() {
  char buffer[4096];
  for (ssize_t got; (got = read(output_, buffer, sizeof(buffer))) > 0;) {
    if (seen_.size() < kOutputBytesMax) seen_.append(buffer, got);
  }
  const std::string begin = absl::StrCat("ready ", name(), " ");
  const size_t at = absl::StartsWith(seen_, begin) ? 0 : seen_.find("\n" + begin);
  if (at == std::string::npos) return "";
  const size_t address = seen_.find(begin, at) + begin.size();
  const size_t end = seen_.find('\n', address);
  return end == std::string::npos ? "" : seen_.substr(address, end - address);
}

absl::StatusOr<std::string> Child::AwaitReady(absl::Duration patience, const Clock& clock,
                                              Signals& signals) {
  const absl::Duration deadline = clock.Monotonic() + patience;
  while (true) {
    if (std::string address = ReadReadyLine(); !address.empty()) return address;
    WS_RETURN_IF_ERROR(Check());
    if (clock.Monotonic() > deadline) {
      return absl::DeadlineExceededError(Problem(
          name(), "not ready", "silence for " + absl::FormatDuration(patience),
          absl::StrCat("the line \"ready ", name(), " HOST:PORT\"; its log is ", log_path())));
    }
    if (signals.Wait(kLook) == Signals::Event::kStop) return absl::CancelledError("stopped");
  }
}

bool Child::Ended() {
  if (!ended_ && waitpid(pid_, &wait_status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

absl::Status Child::Check() {
  if (!Ended()) return absl::OkStatus();
  const std::string last = LastLine(log_path());
  return WithNext(absl::FailedPreconditionError(absl::StrCat(
                      name(), ": ended by itself, ", EndWords(wait_status_),
                      last.empty() ? "; its log is empty" : "; its last line: ", last)),
                  "less " + log_path());
}

void Child::Send(int signal) {
  if (!Ended()) kill(pid_, signal);
}

void StopChildren(const std::vector<Child*>& children, absl::Duration patience,
                  const Clock& clock) {
  const absl::Duration deadline = clock.Monotonic() + patience;
  for (Child* child : children) child->Send(SIGTERM);
  for (Child* child : children) {
    while (!child->Ended() && clock.Monotonic() < deadline) usleep(5'000);
  }
  for (Child* child : children) {
    child->Send(SIGKILL);
    while (!child->Ended()) usleep(1'000);
  }
}

}  // namespace waystation::cli
