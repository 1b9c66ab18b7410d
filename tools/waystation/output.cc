#include "tools/waystation/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "google/protobuf/util/json_util.h"

namespace waystation::cli {
namespace {

// Length of the UTF-8 sequence that begins at `at`, 0 when it is not valid or
// encodes a C1 control. Overlong forms of control characters begin with C0 or
// C1, which no valid text holds.
size_t SequenceLength(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return 0;
  for (size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return first == 0xc2 && byte(at + 1) < 0xa0 ? 0 : length;
}

size_t Width(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

const char* CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "32";
    case Tone::kBad:
      return "31";
    case Tone::kTitle:
      return "1";
    default:
      return "2";
  }
}

std::string Toned(std::string_view text, Tone tone, bool color) {
  if (!color || tone == Tone::kPlain) return std::string(text);
  return absl::StrCat("\x1b[", CodeOf(tone), "m", Absl(text), "\x1b[0m");
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsId(const FieldDescriptor* field) {
  return field->type() == FieldDescriptor::TYPE_BYTES && !field->is_repeated() &&
         std::string_view(field->name()).ends_with("_id");
}

// The bytes whose base64 reads as the hexadecimal digits of `id`. Digits are
// base64 letters too, and four of them need no padding, so this is exact for
// every id of an even length; another one stays as it is.
std::string ReadingAsHex(const std::string& id) {
  std::string bytes;
  if (id.size() % 2 != 0 || !absl::Base64Unescape(absl::BytesToHexString(id), &bytes)) return id;
  return bytes;
}

// Maps are left alone: no message of ours holds an id in one.
void SpellIds(Message* message) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsId(field)) {
      reflection->SetString(message, field, ReadingAsHex(reflection->GetString(*message, field)));
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) {
      continue;
    } else if (!field->is_repeated()) {
      SpellIds(reflection->MutableMessage(message, field));
    } else {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        SpellIds(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

using Row = std::vector<Cell>;

void AppendRow(const Row& row, const std::vector<size_t>& widths, bool color, std::string* out) {
  for (size_t i = 0; i < row.size(); ++i) {
    absl::StrAppend(out, Toned(row[i].text, row[i].tone, color));
    if (i + 1 == row.size()) break;
    out->append(widths[i] - Width(row[i].text) + 2, ' ');
  }
  out->push_back('\n');
}

Row Cleaned(const Row& row) {
  Row out;
  for (const Cell& cell : row) {
    out.emplace_back(cell.text.empty() ? "-" : Printable(cell.text), cell.tone);
  }
  return out;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = SequenceLength(text, at);
    if (length == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(at, length));
    }
    at += std::max<size_t>(length, 1);
  }
  return out;
}

std::string ToJson(const Message& message) {
  std::unique_ptr<Message> spelled(message.New());
  spelled->CopyFrom(message);
  SpellIds(spelled.get());
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(*spelled, &json, options).ok()) return "{}";
  return json;
}

std::string FormatTable(const Table& table, bool color) {
  std::vector<Row> rows;
  if (!table.header.empty()) {
    Row header;
    for (const std::string& name : table.header) header.emplace_back(name, Tone::kQuiet);
    rows.push_back(std::move(header));
  }
  for (const Row& row : table.rows) rows.push_back(Cleaned(row));
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i].text));
  }
  std::string out;
  for (const Row& row : rows) AppendRow(row, widths, color, &out);
  return out;
}

void Output::PrintTable(const Table& table) {
  results_ << FormatTable(table, color_) << std::flush;
}

void Output::Show(const Message& message, const std::vector<std::pair<std::string, Cell>>& fields) {
  if (json()) return Line(ToJson(message));
  Table table;
  for (const auto& [name, value] : fields) {
    table.rows.push_back({Cell(name, Tone::kQuiet), value});
  }
  PrintTable(table);
}

void Output::Line(std::string_view text, Tone tone) {
  results_ << Toned(text, tone, color_ && !json()) << std::endl;
}

void Output::Line(const std::vector<Cell>& parts) {
  for (const Cell& part : parts) results_ << Toned(part.text, part.tone, color_ && !json());
  results_ << std::endl;
}

void Output::Say(std::string_view text, Tone tone) {
  narration_ << Toned(text, tone, color_) << std::endl;
}

bool WantsColor(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(file_descriptor) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace waystation::cli
