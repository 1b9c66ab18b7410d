#include "tests/e2e/problem_text.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::harness {
namespace {

TEST(ProblemTextTest, ReadsWhatProblemWrites) {
  auto parts = ParseProblem(Problem("header.id", "not an id", Quoted("x"), "a UUIDv7"));
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->thing, "header.id");
  EXPECT_EQ(parts->problem, "not an id");
  EXPECT_EQ(parts->got, "\"x\"");
  EXPECT_EQ(parts->want, "a UUIDv7");
}

TEST(ProblemTextTest, AContextIsPartOfTheThing) {
  auto parts = ParseProblem("signing certificate: certificate 0a: revoked, got 1, want 2");
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->thing, "signing certificate: certificate 0a");
  EXPECT_EQ(parts->problem, "revoked");
}

TEST(ProblemTextTest, WhatIsQuotedIsNoPartOfTheForm) {
  const std::vector<std::string> outsides = {"a: b, got c, want d.", "\"", "\\", "\\\"", ", got ",
                                             std::string(99, 'x')};
  for (const std::string& outside : outsides) {
    auto parts = ParseProblem(Problem("type " + Quoted(outside), "unknown", Quoted(outside), "x"));
    ASSERT_TRUE(parts.has_value()) << outside;
    EXPECT_EQ(parts->thing, "type " + Quoted(outside));
    EXPECT_EQ(parts->got, Quoted(outside));
  }
}

TEST(ProblemTextTest, RefusesEveryOtherForm) {
  for (std::string_view text : {
           "",
           "wrong",
           "header: wrong",
           "header: wrong, got 1",
           "header: wrong, want 1",
           "header: got 1, want 2",
           "header, got 1, want 2",
           "header: wrong, want 2, got 1",
           "header: wrong, got 1, got 2, want 3",
           "header: wrong, got 1, want 2, want 3",
           "header: wrong, got , want 2",
           "header: wrong, got 1, want ",
           ": wrong, got 1, want 2",
           "header: , got 1, want 2",
           "header: wrong, got 1, want 2.",
           "Header: wrong, got 1, want 2",
           "header: wrong, got 1,\nwant 2",
           "header: wrong, got \xc3\xa9, want 2",
           "header: wrong, got \"1, want 2",
           "header: wrong \", got 1, want 2\"",
       }) {
    EXPECT_FALSE(ParseProblem(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace waystation::harness
