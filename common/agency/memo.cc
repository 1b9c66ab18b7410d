#include "common/agency/memo.h"

#include <algorithm>
#include <string>

#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr size_t kBodyBytesMax = size_t{256} * 1024;

absl::Status Malformed(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "MEMO_MALFORMED",
                 Problem("memo", problem, got, want));
}

absl::Status NotBound(std::string_view field) {
  return Refusal(absl::StatusCode::kInvalidArgument, "MEMO_NOT_BOUND",
                 Problem(absl::StrCat("memo.", Absl(field)), "not what the header says"));
}

}  // namespace

absl::Status CheckMemoBody(std::string_view body) {
  if (!body.empty() && body.size() <= kBodyBytesMax) return absl::OkStatus();
  return Malformed("wrong length of body", absl::StrCat(body.size(), " bytes"), "1 to 262,144");
}

absl::StatusOr<memo::v1::Memo> ParseMemo(std::string_view plaintext) {
  memo::v1::Memo memo;
  if (!memo.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size()))) {
    return Malformed("does not parse", absl::StrCat(plaintext.size(), " bytes"), "a Memo");
  }
  WS_RETURN_IF_ERROR(CheckMemoBody(memo.body()));
  if (memo.place() == 0) return Malformed("no place", "0", "1 or more");
  return memo;
}

absl::Status CheckMemoBinding(const memo::v1::Memo& memo, const bus::v1::Header& header) {
  if (memo.sender() != header.source()) return NotBound("sender");
  if (memo.type() != header.type()) return NotBound("type");
  if (!std::equal(memo.recipients().begin(), memo.recipients().end(), header.recipients().begin(),
                  header.recipients().end())) {
    return NotBound("recipients");
  }
  return absl::OkStatus();
}

}  // namespace waystation::agency
