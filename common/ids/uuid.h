#ifndef WAYSTATION_COMMON_IDS_UUID_H_
#define WAYSTATION_COMMON_IDS_UUID_H_

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/ids/random.h"

namespace waystation {

using Uuid = std::array<uint8_t, 16>;

// Reads the one text form that Waystation accepts: 36 characters, lower case
// (RFC 9562, section 4). Upper case is refused, because ids are compared as
// text and one id must not have two texts. Any version and variant passes.
std::optional<Uuid> ParseUuid(std::string_view text);

// Writes the 36 characters that `ParseUuid` reads.
std::string FormatUuid(const Uuid& uuid);

// Whether `text` is a version 7 UUID in the form that `ParseUuid` reads.
bool IsUuidV7(std::string_view text);

// When a version 7 UUID was made, by its own word, to the millisecond; nothing
// for any other text.
std::optional<absl::Time> TimeOfUuidV7(std::string_view text);

// Makes version 7 UUIDs (RFC 9562, section 5.7), the ids of messages: sorted by
// time of making, and not to be guessed.
//
//   UuidV7Generator ids(clock, SystemRandom);
//   header.set_id(ids.Next());
//
// Each id of one generator is greater than the one before it, also within a
// millisecond and when the wall clock steps back (section 6.2, method 2: the
// random part grows by a random step). Does not own the clock.
//
// Thread-safe.
class UuidV7Generator {
 public:
  UuidV7Generator(const Clock& clock, RandomSource random);

  // Returns the next id as 36 characters.
  std::string Next();

 private:
  void Reseed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Step() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const RandomSource random_;
  std::mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t unix_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t rand_a_ ABSL_GUARDED_BY(mutex_) = 0;  // 12 bits.
  uint64_t rand_b_ ABSL_GUARDED_BY(mutex_) = 0;  // 62 bits.
};

}  // namespace waystation

#endif  // WAYSTATION_COMMON_IDS_UUID_H_
