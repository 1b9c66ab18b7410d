#ifndef WAYSTATION_TESTS_BENCH_MUST_H_
#define WAYSTATION_TESTS_BENCH_MUST_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/status.h"

namespace waystation::bench {

// A benchmark goes on from what worked: an error ends the process with its text.
inline void Must(const absl::Status& status) {
  if (!status.ok()) Fatal(Std(status.message()));
}

template <typename T>
T Must(absl::StatusOr<T> result) {
  Must(result.status());
  return *std::move(result);
}

}  // namespace waystation::bench

#endif  // WAYSTATION_TESTS_BENCH_MUST_H_
