// What of a report has room on a terminal.
#define SUITE fit

#include "actors/console/fit.hpp"

#include "test/unit/test.hpp"

#include <algorithm>

using namespace pgstatsmon;

namespace {

using lines = std::vector<std::string>;

/// Columns of the longest line.
size_t longest(const std::string& text) {
  size_t result = 0;
  for (size_t i = 0; i < text.size();) {
    auto end = std::min(text.find('\n', i), text.size());
    result = std::max(result, width_of(std::string_view{text}.substr(i, end - i)));
    i = end + 1;
  }
  return result;
}

table example() {
  return {{},
          "list",
          {{"name", "name"},
           text_column("more", "more", 1),
           text_column("most", "most", 2),
           number_column("n", "n"),
           {"text", "text"}},
          {{words("a-name-of-thirty-characters-01"), words("0123456789"), words("01234567890123"),
            count(5), words("one two three four five six seven")}}};
}

} // namespace

TEST(a text is broken at blanks and a long word anywhere) {
  CHECK_EQUAL(wrapped("one two three", 7), (lines{"one two", "three"}));
  CHECK_EQUAL(wrapped("one two three", 8), (lines{"one two", "three"}));
  CHECK_EQUAL(wrapped("one two", 7), (lines{"one two"}));
  CHECK_EQUAL(wrapped("abcdefghij k", 4), (lines{"abcd", "efgh", "ij k"}));
  CHECK_EQUAL(wrapped("", 4), (lines{""}));
  CHECK_EQUAL(wrapped("    abcdef", 6), (lines{"    ab", "cdef"}));
  CHECK_EQUAL(wrapped("gr\u00f6\u00dfe gr\u00f6\u00dfer", 6),
              (lines{"gr\u00f6\u00dfe", "gr\u00f6\u00dfer"}));
}

TEST(a table that fits stays as it is) {
  report x{example()};
  CHECK_EQUAL(to_text(fitted(x, 200)), to_text(x));
}

TEST(names are shortened then columns are left out then the last goes on below) {
  report x{example()};
  for (size_t width : {100, 90, 80, 70, 60, 50, 40}) {
    auto text = to_text(fitted(x, width));
    CHECK(longest(text) <= width);
    CHECK(text.find("seven") != std::string::npos);
  }
  auto narrower = to_text(fitted(x, 95));
  CHECK(narrower.find("most") != std::string::npos);
  CHECK(narrower.find("\u2026") != std::string::npos);
  auto narrow = to_text(fitted(x, 75));
  CHECK(narrow.find("most") == std::string::npos);
  CHECK(narrow.find("more") != std::string::npos);
  CHECK_EQUAL(to_text(fitted(x, 50)), "name                      n  text\n"
                                      "a-name-of-th\u2026aracters-01  5  one two three four\n"
                                      "                             five six seven\n");
}

TEST(a short last column takes no more from the names than it needs) {
  report x{table{{},
                 "list",
                 {{"name", "name"}, number_column("number", "n"), {"who", "who"}},
                 {{words("a-name-of-24-characters-1"), count(1234567890123), words("standby")}}}};
  auto text = to_text(fitted(x, 50));
  CHECK_EQUAL(longest(text), 50u);
  CHECK(text.find("a-name-of-2\u2026") != std::string::npos);
  CHECK(text.find("  standby\n") != std::string::npos);
}

TEST(any column of words gets shorter when nothing else makes room) {
  report x{table{{},
                 "list",
                 {number_column("id", "id"), {"of", "of"}, number_column("n", "n")},
                 {{count(1), words(std::string(60, 'x')), count(2)}}}};
  CHECK(longest(to_text(fitted(x, 40))) <= 40u);
}

TEST(values of facts go on below) {
  report x{fact_list{{{"a", "a", words("one two three four five six seven eight nine ten")}}}};
  CHECK_EQUAL(to_text(fitted(x, 40)), "a  one two three four five six seven\n"
                                      "   eight nine ten\n");
}

TEST(a very narrow terminal gets what a narrow one gets) {
  report x{example()};
  CHECK_EQUAL(to_text(fitted(x, 1)), to_text(fitted(x, least_screen_width)));
}
