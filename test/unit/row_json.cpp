// Rows as JSON.
#define SUITE row_json
#include "actors/row_json.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

constexpr Oid boolean = 16;
constexpr Oid int8 = 20;
constexpr Oid text = 25;
constexpr Oid float8 = 701;
constexpr Oid numeric = 1700;

std::string json_of(std::vector<std::string> columns, const test::row& cells,
                    const std::vector<Oid>& types = {}) {
  return row_json(*test::make_rows(std::move(columns), {cells}, types), 0);
}

} // namespace

TEST(a row is an object with the columns in their order) {
  CHECK_EQUAL(json_of({"z", "a"}, {"1", "two"}), R"({"z":"1","a":"two"})");
  CHECK_EQUAL(json_of({}, {}), "{}");
}

TEST(each row is its own) {
  auto rows = test::make_rows({"a"}, {{"1"}, {"2"}});
  CHECK_EQUAL(row_json(*rows, 1), R"({"a":"2"})");
}

TEST(types that JSON has are kept) {
  CHECK_EQUAL(json_of({"n"}, {std::nullopt}, {int8}), R"({"n":null})");
  CHECK_EQUAL(json_of({"n"}, {"-9223372036854775808"}, {int8}), R"({"n":-9223372036854775808})");
  CHECK_EQUAL(json_of({"x", "y"}, {"0.5", "1e+20"}, {float8, float8}), R"({"x":0.5,"y":1e+20})");
  CHECK_EQUAL(json_of({"t", "f"}, {"t", "f"}, {boolean, boolean}), R"({"t":true,"f":false})");
}

TEST(what JSON can not say is text) {
  CHECK_EQUAL(json_of({"x", "y"}, {"NaN", "-Infinity"}, {float8, float8}),
              R"({"x":"NaN","y":"-Infinity"})");
  CHECK_EQUAL(json_of({"n"}, {"123456789012345678901234567890"}, {numeric}),
              R"({"n":"123456789012345678901234567890"})");
  CHECK_EQUAL(json_of({"t"}, {"1"}, {text}), R"({"t":"1"})");
}

TEST(hostile text does not break a row) {
  CHECK_EQUAL(json_of({"a\"b"}, {"\n\"\\"}), R"({"a\"b":"\n\"\\"})");
  CHECK_EQUAL(json_of({"a"}, {"\xff"
                              "b"}),
              "{\"a\":\"\xEF\xBF\xBD"
              "b\"}");
  CHECK_EQUAL(json_of({"\xff"}, {""}), "{\"\xEF\xBF\xBD\":\"\"}");
}

TEST(values stand in the order that was asked for) {
  auto rows = test::make_rows({"a", "b", "c"}, {{"1", std::nullopt, "\"x"}}, {text, text, text});
  CHECK_EQUAL(values_json(*rows, 0, {2, 1, 0}), R"(["\"x",null,"1"])");
  CHECK_EQUAL(values_json(*rows, 0, {}), "[]");
}
