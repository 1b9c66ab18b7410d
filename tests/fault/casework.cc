#include "tests/fault/casework.h"

#include <array>
#include <random>

#include "absl/strings/str_cat.h"

namespace waystation::harness {
namespace {

// So that filing does not run ahead of deciding, and steps of all kinds are
// under way at any moment.
constexpr size_t kUndecidedMax = 48;

// REQUEST and RETURN; or REQUEST, TAKE_UP and ANSWER.
size_t MessagesOf(Casework::Fate fate) { return fate == Casework::Fate::kReturned ? 2 : 3; }

// Who may petition, and who may not (28 CFR 1100.35).
std::string FilerOf(Casework::Fate fate, int officer) {
  constexpr std::array<const char*, 2> kAgents = {"agent-1101", "agent-1102"};
  return fate == Casework::Fate::kReturned ? "ovc-1201"
                                           : kAgents[static_cast<size_t>(officer) % kAgents.size()];
}

Casework::Fate FateOf(uint64_t random) {
  switch (random % 12) {
    case 0:
    case 1:
      return Casework::Fate::kReturned;
    case 2:
      return Casework::Fate::kDenied;
    default:
      return Casework::Fate::kGranted;
  }
}

}  // namespace

Casework::Casework(Officers& officers, Options options) : officers_(officers), options_(options) {
  for (int i = 0; i < options_.filing_officers; ++i) {
    filing_.emplace_back([this, i] { FileMany(i); });
  }
  for (int i = 0; i < options_.deciding_officers; ++i) {
    deciding_.emplace_back([this] { DecideMany(); });
  }
}

void Casework::FileMany(int officer) {
  std::mt19937_64 random(options_.seed + static_cast<uint64_t>(officer));
  for (int i = 0; true; ++i) {
    Fate fate = FateOf(random());
    if (planned_.fetch_add(MessagesOf(fate)) >= options_.messages) return;
    // One duty of the eight: the others are more of the same, off the bus.
    Filed(officers_.File(FilerOf(fate, officer), absl::StrCat("SYN-", officer, "-", i), 1), fate);
  }
}

void Casework::Filed(const std::string& referral_id, Fate fate) {
  // INS returns by itself: no officer will say so.
  messages_ += fate == Fate::kReturned ? MessagesOf(fate) : 1;
  std::unique_lock<std::mutex> lock(mutex_);
  filed_.emplace(referral_id, fate);
  if (fate == Fate::kReturned) return;
  changed_.wait(lock, [this] { return undecided_.size() < kUndecidedMax; });
  undecided_.emplace_back(referral_id, fate);
  changed_.notify_all();
}

std::optional<std::pair<std::string, Casework::Fate>> Casework::NextToDecide() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return all_filed_ || !undecided_.empty(); });
  if (undecided_.empty()) return std::nullopt;
  auto next = std::move(undecided_.front());
  undecided_.pop_front();
  changed_.notify_all();
  return next;
}

void Casework::DecideMany() {
  while (auto next = NextToDecide()) {
    const auto& [referral_id, fate] = *next;
    if (fate == Fate::kGranted) {
      officers_.Grant(referral_id);
    } else {
      officers_.Deny(referral_id);
    }
    messages_ += MessagesOf(fate) - 1;
  }
}

void Casework::Finish() {
  for (std::thread& thread : filing_) thread.join();
  filing_.clear();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all_filed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : deciding_) thread.join();
  deciding_.clear();
}

}  // namespace waystation::harness
