#ifndef WAYSTATION_TESTS_E2E_REFUSAL_ROWS_H_
#define WAYSTATION_TESTS_E2E_REFUSAL_ROWS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/e2e/refusal_world.h"

namespace waystation::harness {

// One kind of bad input and what must come of it.
struct Row {
  std::string name;
  std::function<absl::Status(RefusalWorld&)> send;
  absl::StatusCode code;
  std::string reason;
  std::string stage = "publish";
  // Identity path of the peer as the record names it.
  std::string peer = "/agency/doj";
  // What the text must hold beside the thing and its problem: what came and
  // what is wanted.
  std::vector<std::string> words = {};
};

// So many ids of messages that never were.
std::vector<std::string> UnknownIds(size_t count);

// The table of bad input. Thread-safe functions.
std::vector<Row> IdentityRows();
std::vector<Row> EvidenceRows();
std::vector<Row> LimitRows();
std::vector<Row> SyntaxRows();
std::vector<Row> CaseRows();
std::vector<Row> ReceiptRows();

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_E2E_REFUSAL_ROWS_H_
