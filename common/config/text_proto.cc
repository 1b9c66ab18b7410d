#include "common/config/text_proto.h"

#include <limits>

#include "common/config/file.h"
#include "common/status/status.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace waystation::config {
namespace {

constexpr int kProblemsShownMax = 5;
constexpr int kNestingMax = 64;

class Problems : public google::protobuf::io::ErrorCollector {
 public:
  explicit Problems(std::string_view origin) : origin_(origin) {}

  // Line and column come from zero, line -1 when it is about the whole.
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (++count_ > kProblemsShownMax) return;
    if (!text_.empty()) text_ += "; ";
    absl::StrAppend(&text_, Absl(origin_), ":");
    if (line >= 0) absl::StrAppend(&text_, line + 1, ":", column + 1, ":");
    absl::StrAppend(&text_, " ", message);
  }

  std::string Text() const {
    if (count_ <= kProblemsShownMax) return text_;
    return absl::StrCat(text_, "; ", count_ - kProblemsShownMax, " more");
  }

 private:
  std::string_view origin_;
  std::string text_;
  int count_ = 0;
};

}  // namespace

absl::Status ParseTextProto(std::string_view text, std::string_view origin,
                            google::protobuf::Message* message) {
  if (text.size() > kConfigBytesMax) {
    return absl::InvalidArgumentError(Problem(origin, "too large", "", "at most 4 MiB"));
  }
  Problems problems(origin);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&problems);
  parser.SetRecursionLimit(kNestingMax);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&input, message)) return absl::OkStatus();
  message->Clear();
  return absl::InvalidArgumentError(problems.Text());
}

absl::Status LoadTextProto(const std::string& path, google::protobuf::Message* message) {
  message->Clear();
  WS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kConfigBytesMax));
  return ParseTextProto(text, path, message);
}

}  // namespace waystation::config
