// Label values that nobody should choose, and that somebody does.
#define SUITE escape
#include "actors/registry/escape.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

std::string escaped(std::string_view x) {
  std::string result;
  append_label_value(result, x);
  return result;
}

const std::string bad = "\xEF\xBF\xBD";

} // namespace

TEST(plain text of any length stays) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    CHECK_EQUAL(escaped(text), text);
    text += static_cast<char>('a' + i % 26);
  }
}

TEST(what has a meaning in a label value is escaped wherever it is) {
  CHECK_EQUAL(escaped(R"(we"ird\tbl)"), R"(we\"ird\\tbl)");
  CHECK_EQUAL(escaped("line\nline"), R"(line\nline)");
  for (size_t at = 0; at < 20; ++at)
    for (auto [raw, text] : {std::pair{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}}) {
      std::string value(20, 'x');
      value[at] = raw;
      auto expected = std::string(at, 'x') + text + std::string(19 - at, 'x');
      CHECK_EQUAL(escaped(value), expected);
    }
}

TEST(control characters stay) {
  CHECK_EQUAL(escaped("a\tb\rc\x01"
                      "12345"),
              "a\tb\rc\x01"
              "12345");
}

TEST(valid UTF - 8 stays) {
  for (std::string x : {"é", "日本語のテーブル", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"})
    CHECK_EQUAL(escaped(x), x);
}

TEST(what is not UTF - 8 is replaced) {
  CHECK_EQUAL(escaped("a\xFF"
                      "b"),
              "a" + bad + "b");
  CHECK_EQUAL(escaped("\x80"), bad);
  CHECK_EQUAL(escaped("caf\xE9"), "caf" + bad);
  CHECK_EQUAL(escaped("\xC3"), bad);
  CHECK_EQUAL(escaped("\xC0\xAF"), bad + bad);
  CHECK_EQUAL(escaped("\xE0\x80\xAF"), bad + bad + bad);
  CHECK_EQUAL(escaped("\xED\xA0\x80"), bad + bad + bad);
  CHECK_EQUAL(escaped("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  CHECK_EQUAL(escaped("\xF0\x9F\x98x"), bad + bad + bad + "x");
}

TEST(a value that needs replacing is escaped too) {
  CHECK_EQUAL(escaped("\xFF\"\\\n"), bad + R"(\"\\\n)");
}

TEST(labels are rendered in their order) {
  CHECK_EQUAL(render_labels({}), "");
  CHECK_EQUAL(render_labels({{"b", "1"}, {"a", "\""}}), R"(b="1",a="\"")");
}

TEST(rendered labels are parsed back) {
  CHECK(parse_labels({}).empty());
  label_list odd{{"a", ""}, {"b", "\"x\\\ny,c=\"1\""}, {"d", "\\n"}};
  CHECK(parse_labels(render_labels(odd)) == odd);
  for (auto broken : {"a", "a=", "a=\"", "a=\"b", "a=\"b\\", "=\"\",", ",", "a=\"b\",,"})
    parse_labels(broken);
}

TEST(help texts keep their quotes) {
  std::string text;
  append_help(text, "a \"b\" \\ \n");
  CHECK_EQUAL(text, R"(a "b" \\ \n)");
}
