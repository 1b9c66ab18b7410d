#include "tools/waystation/output.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/types/v1/date.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;
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

TEST(ToJsonTest, IdsAreHexadecimalAtEveryDepth) {
  const std::string id("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
  doj::v1::ListPetitionsResponse page;
  doj::v1::Petition* petition = page.add_petitions();
  petition->set_referral_id(id);
  petition->set_renews_referral_id(std::string(16, '\xff'));
  doj::v1::GetPetitionResponse one;
  *one.mutable_petition() = *petition;
  for (const std::string& json : {ToJson(page), ToJson(one)}) {
    EXPECT_THAT(json, HasSubstr("\"referral_id\":\"00112233445566778899aabbccddeeff\""));
    EXPECT_THAT(json, HasSubstr("\"renews_referral_id\":\"ffffffffffffffffffffffffffffffff\""));
  }
  EXPECT_EQ(page.petitions(0).referral_id(), id);
  EXPECT_THAT(ToJson(doj::v1::Petition()), HasSubstr("\"referral_id\":\"\""));
}

TEST(ToJsonTest, OtherBytesStayInBase64) {
  bus::v1::CustodyReceipt receipt;
  receipt.set_envelope_hash("\x01\x02");
  receipt.set_bus_id("\x01\x02\x03");  // Of an odd length: no id of ours.
  EXPECT_THAT(ToJson(receipt), HasSubstr("\"envelope_hash\":\"AQI=\""));
  EXPECT_THAT(ToJson(receipt), HasSubstr("\"bus_id\":\"AQID\""));
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

TEST(OutputTest, PartsOfALineHaveTheirOwnTones) {
  std::ostringstream results, narration;
  Output colored(results, narration, Format::kTable, true);
  colored.Line({{"who ", Tone::kQuiet}, {"what", Tone::kTitle}, {" now"}});
  EXPECT_EQ(results.str(), "\x1b[2mwho \x1b[0m\x1b[1mwhat\x1b[0m now\n");
  results.str("");
  Output plain(results, narration, Format::kTable, false);
  plain.Line({{"who ", Tone::kQuiet}, {"what", Tone::kTitle}, {" now"}});
  EXPECT_EQ(results.str(), "who what now\n");
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
