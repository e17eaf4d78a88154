// Fields that are there, missing, or of another type.
#define SUITE json_fields

#include "actors/http/json_fields.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using nlohmann::json;

namespace {

const json x = json::parse(R"({"text": "a", "flag": true, "none": null, "in": {"flag": false}})");

} // namespace

TEST(fields are found) {
  CHECK_EQUAL(json_text(x, "text"), "a");
  CHECK(json_flag(x, "flag"));
  CHECK(json_field(x, "in").is_object());
  CHECK(!json_flag(json_field(x, "in"), "flag"));
}

TEST(what is missing or of another type is empty) {
  CHECK(json_field(x, "other").is_null());
  CHECK_EQUAL(json_text(x, "flag"), "");
  CHECK_EQUAL(json_text(x, "none"), "");
  CHECK(!json_flag(x, "text"));
  for (const auto& other : {json(), json(1), json::array({"text"}), json("text")}) {
    CHECK(json_field(other, "text").is_null());
    CHECK_EQUAL(json_text(other, "text"), "");
    CHECK(!json_flag(other, "flag"));
  }
}
