// UTF-8, text made one line, and words that are alike.
#define SUITE text

#include "config/text.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(a sequence has the length that its first byte says) {
  CHECK_EQUAL(utf8_sequence(""), 0u);
  CHECK_EQUAL(utf8_sequence("ab"), 1u);
  CHECK_EQUAL(utf8_sequence("\xc2\x80"), 2u);
  CHECK_EQUAL(utf8_sequence("\xe2\x82\xac!"), 3u);
  CHECK_EQUAL(utf8_sequence("\xf0\x9f\x90\x98"), 4u);
  CHECK_EQUAL(utf8_sequence("\xf4\x8f\xbf\xbf"), 4u);
}

TEST(wrong bytes are no sequence) {
  for (auto x : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
                 "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    CHECK_EQUAL(utf8_sequence(x), 0u);
}

TEST(one line has no control characters) {
  CHECK_EQUAL(one_line("plain \"text\" \\ \xc3\xa9"), "plain \"text\" \\ \xc3\xa9");
  CHECK_EQUAL(one_line("a\nb\tc\rd\x01\x1b\x7f"), "a\\nb\\tc\\rd\\x01\\x1b\\x7f");
  CHECK_EQUAL(one_line("\xc2\x85\xc2\x9f\xc2\xa0"), "\\u0085\\u009f\xc2\xa0");
  CHECK_EQUAL(one_line("\xff\xc2"), "\\xff\\xc2");
}

TEST(valid text has no NUL and is UTF - 8) {
  CHECK_EQUAL(valid_text("plain \n \xc3\xa9"), "plain \n \xc3\xa9");
  CHECK_EQUAL(valid_text(std::string_view{"a\0b\xff", 4}), "a\xEF\xBF\xBD"
                                                           "b\xEF\xBF\xBD");
  CHECK_EQUAL(valid_text("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(the nearest word is near) {
  std::vector<std::string_view> words{"interval", "query_timeout", "user", "log", "web"};
  CHECK_EQUAL(nearest("intervall", words), "interval");
  CHECK_EQUAL(nearest("queryTimeout", words), "query_timeout");
  CHECK_EQUAL(nearest("USER", words), "user");
  CHECK_EQUAL(nearest("users", words), "user");
  CHECK_EQUAL(nearest("xyz", words), "");
  CHECK_EQUAL(nearest("lab", words), "");
  CHECK_EQUAL(nearest(std::string(100'000, 'x'), words), "");
}
