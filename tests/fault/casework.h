#ifndef WAYSTATION_TESTS_FAULT_CASEWORK_H_
#define WAYSTATION_TESTS_FAULT_CASEWORK_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/e2e/officers.h"

namespace waystation::harness {

// Officers of both agencies at work, each on a thread, until their petitions are
// worth a number of messages on the bus: units of DOJ file, INS takes up and two
// officials decide, and INS's own rules return what the law does not allow.
//
//   Casework work(officers, {.messages = 10'000, .seed = TestSeed()});
//   ... kill something ...
//   work.Finish();
//
// What an officer saw acknowledged is in `filed`. Thread-safe.
class Casework {
 public:
  // What becomes of a petition.
  enum class Fate { kGranted, kDenied, kReturned };

  struct Options {
    size_t messages = 0;
    uint64_t seed = 0;
    int filing_officers = 6;
    int deciding_officers = 5;
  };

  // Begins at once. `officers` outlives it.
  Casework(Officers& officers, Options options);
  ~Casework() { Finish(); }

  // Messages of the steps that officers saw acknowledged.
  size_t messages() const { return messages_; }
  // Waits until all that was filed is decided.
  void Finish();
  // After `Finish`: fate by referral.
  const std::map<std::string, Fate>& filed() const { return filed_; }

 private:
  void FileMany(int officer);
  void DecideMany();
  void Filed(const std::string& referral_id, Fate fate);
  // Nothing when no more will be filed.
  std::optional<std::pair<std::string, Fate>> NextToDecide();

  Officers& officers_;
  const Options options_;
  std::atomic<size_t> messages_ = 0;
  std::atomic<size_t> planned_ = 0;  // Of everything that was begun.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, Fate>> undecided_;
  std::map<std::string, Fate> filed_;
  bool all_filed_ = false;
  std::vector<std::thread> filing_;
  std::vector<std::thread> deciding_;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_FAULT_CASEWORK_H_
