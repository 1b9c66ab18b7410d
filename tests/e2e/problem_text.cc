#include "tests/e2e/problem_text.h"

#include <algorithm>

namespace waystation::harness {
namespace {

constexpr std::string_view kColon = ": ";
constexpr std::string_view kGot = ", got ";
constexpr std::string_view kWant = ", want ";

// The text with all that is quoted made one letter, so that only the form's own words
// are found in it. Nothing when a quote does not end.
std::optional<std::string> Unquoted(std::string_view text) {
  std::string bare(text);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_quote = text[i] == '"';
    if (quoted || is_quote) bare[i] = 'q';
    if (is_quote) quoted = !quoted;
    if (quoted && text[i] == '\\' && ++i < text.size()) bare[i] = 'q';
  }
  if (quoted) return std::nullopt;
  return bare;
}

// Where the one occurrence begins; nothing when there is none or a second.
std::optional<size_t> OnlyPlace(std::string_view text, std::string_view word) {
  const size_t first = text.find(word);
  if (first == std::string_view::npos || text.rfind(word) != first) return std::nullopt;
  return first;
}

bool IsOneLine(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool IsPart(std::string_view part) {
  return !part.empty() && part.front() != ' ' && part.back() != ' ' && part.back() != ',';
}

}  // namespace

std::optional<ProblemText> ParseProblem(std::string_view text) {
  const std::optional<std::string> bare = Unquoted(text);
  if (!bare.has_value() || !IsOneLine(text) || text.ends_with('.')) return std::nullopt;
  if (text.empty() || (text[0] >= 'A' && text[0] <= 'Z')) return std::nullopt;
  const std::optional<size_t> got = OnlyPlace(*bare, kGot);
  const std::optional<size_t> want = OnlyPlace(*bare, kWant);
  if (!got.has_value() || !want.has_value() || *want < *got + kGot.size()) return std::nullopt;
  const size_t colon = bare->substr(0, *got).rfind(kColon);
  if (colon == std::string::npos) return std::nullopt;
  auto part = [text](size_t begin, size_t end) {
    return std::string(text.substr(begin, end - begin));
  };
  ProblemText parts{.thing = part(0, colon),
                    .problem = part(colon + kColon.size(), *got),
                    .got = part(*got + kGot.size(), *want),
                    .want = part(*want + kWant.size(), text.size())};
  for (const std::string* each : {&parts.thing, &parts.problem, &parts.got, &parts.want}) {
    if (!IsPart(*each)) return std::nullopt;
  }
  return parts;
}

}  // namespace waystation::harness
