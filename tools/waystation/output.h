#ifndef WAYSTATION_TOOLS_WAYSTATION_OUTPUT_H_
#define WAYSTATION_TOOLS_WAYSTATION_OUTPUT_H_

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"

namespace waystation::cli {

enum class Format { kTable, kJson };

// How a cell or line is meant; shown in color on a terminal only.
enum class Tone { kPlain, kGood, kBad, kQuiet, kTitle };

struct Cell {
  Cell(std::string cell_text, Tone cell_tone = Tone::kPlain)
      : text(std::move(cell_text)), tone(cell_tone) {}
  Cell(const char* cell_text) : text(cell_text) {}

  std::string text;
  Tone tone = Tone::kPlain;
};

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;
};

// Outside text made safe for a terminal: control characters (C0, DEL, C1) and
// invalid UTF-8 become '?', so that nobody moves the reader's cursor.
std::string Printable(std::string_view text);

// One line of JSON, field names as in the .proto, unset fields included. A
// bytes field whose name ends in "_id" is in hexadecimal, as every table prints
// it and every verb takes it; other bytes are in base64, as the protos' own JSON.
std::string ToJson(const google::protobuf::Message& message);

// Columns two spaces apart, the last one unpadded; empty cells are "-".
std::string FormatTable(const Table& table, bool color);

// Where the command writes: results to one stream, narration to another, so
// that a pipe gets results alone.
//
//   out.List(petitions, table);
//   out.Say("acting as agent-1101");
//
// Lists are one JSON object a line with -o json, and a table otherwise; an
// empty list is the words of `empty` on the narration side.
//
// Single-threaded: the command.
class Output {
 public:
  Output(std::ostream& results, std::ostream& narration, Format format, bool color)
      : results_(results), narration_(narration), format_(format), color_(color) {}

  Format format() const { return format_; }
  bool json() const { return format_ == Format::kJson; }

  // One message, or its fields as "name  value" lines.
  void Show(const google::protobuf::Message& message,
            const std::vector<std::pair<std::string, Cell>>& fields);

  // Prints `table`, or `messages`, one a line.
  template <typename Messages>
  void List(const Messages& messages, const Table& table, std::string_view empty) {
    if (json()) {
      for (const auto& message : messages) Line(ToJson(message));
    } else if (table.rows.empty()) {
      Say(empty);
    } else {
      PrintTable(table);
    }
  }

  // One line of results, flushed: tails and logs are read as they come.
  void Line(std::string_view text, Tone tone = Tone::kPlain);

  // The same of parts that follow each other without a gap, each in its tone.
  void Line(const std::vector<Cell>& parts);

  // One line of narration.
  void Say(std::string_view text, Tone tone = Tone::kPlain);

 private:
  void PrintTable(const Table& table);

  std::ostream& results_;
  std::ostream& narration_;
  const Format format_;
  const bool color_;
};

// Whether to color what goes to `file_descriptor`: a terminal, no NO_COLOR (any
// value that is not empty, see no-color.org), no TERM=dumb.
bool WantsColor(int file_descriptor);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_OUTPUT_H_
