#ifndef WAYSTATION_COMMON_AGENCY_PAGE_H_
#define WAYSTATION_COMMON_AGENCY_PAGE_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/status.h"

// Pages of a list that is read newest first. A token is the letter of its list
// and the position of the last row looked at. Thread-safe functions.

namespace waystation::agency {

// Where a page begins and how long it may be.
struct PageAsked {
  int size = 0;
  int64_t before = 0;  // 0: from the newest.
};

// Errors: INVALID_ARGUMENT (PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID).
inline absl::StatusOr<PageAsked> ReadPage(int page_size, std::string_view token, char list) {
  constexpr int kDefault = 50;
  constexpr int kMost = 200;
  if (page_size < 0 || page_size > kMost) {
    return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_SIZE_INVALID",
                   Problem("page_size", "out of range", absl::StrCat(page_size), "0 to 200"));
  }
  PageAsked page{page_size == 0 ? kDefault : page_size, 0};
  if (token.empty()) return page;
  const char* end = token.data() + token.size();
  auto [stop, error] = std::from_chars(token.data() + 1, end, page.before);
  if (token.front() == list && error == std::errc() && stop == end && page.before > 0) return page;
  return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                 Problem("page_token", "not issued here", Quoted(token), "next_page_token"));
}

// Fills one page. `fetch(before, limit)` gives rows with their position; `keep(record)` takes a
// record into the page, or returns false when the filter does not want it. Returns the token of
// the next page, empty on the last.
template <typename Fetch, typename Keep>
absl::StatusOr<std::string> FillPage(const PageAsked& page, char list, Fetch fetch, Keep keep) {
  int kept = 0;
  int64_t before = page.before;
  while (true) {
    auto rows = fetch(before, page.size + 1);
    WS_RETURN_IF_ERROR(rows.status());
    for (auto& [position, record] : *rows) {
      if (kept == page.size) return std::string(1, list) + std::to_string(before);
      absl::StatusOr<bool> taken = keep(record);
      WS_RETURN_IF_ERROR(taken.status());
      kept += *taken ? 1 : 0;
      before = position;
    }
    if (static_cast<int>(rows->size()) <= page.size) return std::string();
  }
}

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_PAGE_H_
