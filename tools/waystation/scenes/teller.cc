#include "tools/waystation/scenes/teller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

// "INS adjudicator-2101" fits into the first column.
constexpr size_t kWhoColumns = 21;
constexpr size_t kLineColumns = 100;
constexpr std::string_view kIndent = "  ";
constexpr std::string_view kEndMark = "=>";
// On each part: what is cut out of the output says it too.
constexpr char kMark[] = "  SYNTHETIC";

// `text` in lines of at most `columns`, broken between words; a word that is
// longer has a line of its own.
std::vector<std::string> Wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> lines;
  for (absl::string_view word : absl::StrSplit(Absl(text), ' ')) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > columns) {
      lines.emplace_back(word);
    } else {
      absl::StrAppend(&lines.back(), " ", word);
    }
  }
  return lines;
}

std::string Padded(std::string_view text, size_t columns) {
  std::string out(text);
  out.resize(std::max(columns, out.size()), ' ');
  return out;
}

}  // namespace

void Teller::Title(const std::string& title) {
  title_ = title;
  if (out_.json()) return;
  out_.Line("");
  out_.Line(absl::StrCat(title, kMark), Tone::kTitle);
}

void Teller::Columns(std::string_view who, std::string_view text, Tone tone) {
  const size_t left = kIndent.size() + kWhoColumns + 1;
  std::string first = absl::StrCat(Absl(kIndent), Padded(who, kWhoColumns), " ");
  for (const std::string& line : Wrapped(text, kLineColumns - left)) {
    out_.Line({{first, Tone::kQuiet}, {line, tone}});
    first.assign(left, ' ');
  }
}

void Teller::Step(std::string_view who, std::string_view text, Tone tone) {
  const std::string safe = Printable(text);
  if (!out_.json()) return Columns(who, safe, tone);
  google::protobuf::Struct line;
  (*line.mutable_fields())["part"].set_string_value(title_);
  (*line.mutable_fields())["who"].set_string_value(std::string(who));
  (*line.mutable_fields())["step"].set_string_value(safe);
  (*line.mutable_fields())["synthetic"].set_bool_value(true);
  out_.Line(ToJson(line));
}

void Teller::End(const std::string& person, std::string_view where, std::string_view holder,
                 std::string_view what, const google::protobuf::Timestamp& since) {
  std::string text = absl::StrCat(person, ": ", Absl(where), "; ");
  if (holder.empty()) {
    absl::StrAppend(&text, "nobody holds a next move");
  } else {
    absl::StrAppend(&text, "next move: ", Absl(holder));
    if (!what.empty()) absl::StrAppend(&text, ", to ", Absl(what));
  }
  Step(kEndMark, absl::StrCat(text, ", since ", TimeText(since)), Tone::kTitle);
}

void Teller::End(const std::string& person, const types::v1::InboxItem& item) {
  End(person, Words(item.state()),
      item.next_move_unit().empty() ? item.next_move_agency() : item.next_move_unit(),
      item.next_move(), item.since());
}

void Teller::Remember(const std::string& name, const std::string& referral_id) {
  told_.push_back({name, referral_id});
}

}  // namespace waystation::cli
