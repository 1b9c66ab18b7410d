#include "tools/waystation/output.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/types/v1/date.pb.h"

namespace waystation::cli {
namespace {

using ::testing::IsEmpty;

types::v1::Date MakeDate(int year) {
  types::v1::Date date;
  date.set_year(year);
  return date;
}

TEST(PrintableTest, TakesControlCharactersAndBadUtf8Out) {
  EXPECT_EQ(Printable("plain \xc2\xa7 text"), "plain \xc2\xa7 text");
  EXPECT_EQ(Printable("a\x1b[31mb\n\t\x7f"), "a?[31mb???");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J"),
            "??2J");                       // C1 CSI.
  EXPECT_EQ(Printable("\xc0\x9b"), "??");  // Overlong ESC.
  EXPECT_EQ(Printable("\xe2\x82"), "??");  // Cut short.
}

TEST(FormatTableTest, AlignsColumnsByCharacters) {
  Table table{{"A", "LONG", "Z"}, {}};
  table.rows.push_back({"\xc2\xa7\xc2\xa7", "x", "1"});
  table.rows.push_back({"", "yyyyyy", "2"});
  EXPECT_EQ(FormatTable(table, false),
            "A   LONG    Z\n"
            "\xc2\xa7\xc2\xa7  x       1\n"
            "-   yyyyyy  2\n");
}

TEST(FormatTableTest, ColorTakesNoWidth) {
  Table table{{}, {}};
  table.rows.push_back({Cell("bad", Tone::kBad), "x"});
  table.rows.push_back({"longer", "y"});
  EXPECT_EQ(FormatTable(table, true), "\x1b[31mbad\x1b[0m     x\nlonger  y\n");
}

TEST(OutputTest, JsonListIsOneObjectALineAndNothingElse) {
  std::ostringstream results, narration;
  Output out(results, narration, Format::kJson, false);
  out.List(std::vector<types::v1::Date>{MakeDate(2001), MakeDate(2002)}, Table{}, "nothing");
  EXPECT_EQ(results.str(),
            "{\"year\":2001,\"month\":0,\"day\":0}\n{\"year\":2002,\"month\":0,\"day\":0}\n");
  EXPECT_THAT(narration.str(), IsEmpty());
}

TEST(OutputTest, EmptyTableIsSaidNotPrinted) {
  std::ostringstream results, narration;
  Output out(results, narration, Format::kTable, false);
  out.List(std::vector<types::v1::Date>{}, Table{{"A"}, {}}, "nothing");
  EXPECT_THAT(results.str(), IsEmpty());
  EXPECT_EQ(narration.str(), "nothing\n");
}

TEST(OutputTest, ShowPrintsFieldsInOrder) {
  std::ostringstream results, narration;
  Output out(results, narration, Format::kTable, false);
  out.Show(MakeDate(2001), {{"year", "2001"}, {"of", "the rule"}});
  EXPECT_EQ(results.str(), "year  2001\nof    the rule\n");
}

TEST(OutputTest, PipesAndNoColorGetNoColor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_FALSE(WantsColor(ends[1]));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace waystation::cli
