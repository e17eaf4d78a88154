// What a request's target says.
#define SUITE http_request
#include "actors/exposition/http_request.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

using list = std::vector<std::pair<std::string, std::string>>;

std::string path_of(std::string_view target) {
  auto result = parse_request(target);
  REQUIRE(result);
  return result->path;
}

list parameters_of(std::string_view target) {
  auto result = parse_request(target);
  REQUIRE(result);
  return result->parameters;
}

} // namespace

TEST(a path ends at the first question mark) {
  CHECK_EQUAL(path_of("/metrics"), "/metrics");
  CHECK_EQUAL(path_of("/metrics?"), "/metrics");
  CHECK_EQUAL(path_of("/metrics?a=/b?c"), "/metrics");
  CHECK_EQUAL(path_of("?a"), "");
  CHECK_EQUAL(path_of(""), "");
}

TEST(a path is decoded once) {
  CHECK_EQUAL(path_of("/a%20b"), "/a b");
  CHECK_EQUAL(path_of("/a%2Fb%2fc"), "/a/b/c");
  CHECK_EQUAL(path_of("/gr%C3%B6%c3%9Fe"), "/größe");
  CHECK_EQUAL(path_of("/%2541"), "/%41");
  CHECK_EQUAL(path_of("/a%3Fb=c"), "/a?b=c");
  CHECK_EQUAL(path_of("/a+b"), "/a+b");
  CHECK_EQUAL(path_of("/a%00b"), std::string("/a\0b", 4));
}

TEST(an escape that is none stays as it is) {
  for (const auto* x : {"/%", "/%4", "/%zz", "/%4g", "/%g4", "/100%", "/%%"})
    CHECK_EQUAL(path_of(x), x);
  CHECK_EQUAL(path_of("/%%41"), "/%A");
}

TEST(parameters keep their order and repetitions) {
  CHECK(parameters_of("/m?b=1&a=2&b=3") == list({{"b", "1"}, {"a", "2"}, {"b", "3"}}));
  CHECK(parameters_of("/m?a&b=&=c&&d==e&") == list({{"a", ""}, {"b", ""}, {"", "c"}, {"d", "=e"}}));
  CHECK(parameters_of("/m").empty());
  CHECK(parameters_of("/m?").empty());
}

TEST(parameters are decoded after they are taken apart) {
  CHECK(parameters_of("/m?collect%5B%5D=x") == list({{"collect[]", "x"}}));
  CHECK(parameters_of("/m?a=b%26c%3Dd&e=+%2B%20") == list({{"a", "b&c=d"}, {"e", " + "}}));
}

TEST(the values of a name are found) {
  auto x = parse_request("/m?a=1&b=2&a=&A=3");
  REQUIRE(x);
  CHECK(x->all("a") == std::vector<std::string>({"1", ""}));
  CHECK(x->all("c").empty());
}

TEST(a header is found in any case of letters) {
  http_request x;
  x.headers = {{"Host", "a"}, {"X", "b"}, {"HOST", "c"}};
  CHECK_EQUAL(x.header("host"), "a");
  CHECK_EQUAL(x.header("x"), "b");
  CHECK_EQUAL(x.header("xy"), "");
  CHECK_EQUAL(x.header(""), "");
}

TEST(what is beyond bounds is none) {
  CHECK(parse_request(std::string(max_target_bytes, '/')));
  CHECK(!parse_request(std::string(max_target_bytes + 1, '/')));
  std::string most = "/?a";
  for (size_t i = 1; i < max_parameters; ++i)
    most += "&a";
  CHECK_EQUAL(parameters_of(most).size(), max_parameters);
  CHECK(parse_request(most + "&&"));
  CHECK(!parse_request(most + "&a"));
}

TEST(what is encoded reads back) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  for (const auto& x : {all, std::string{}, std::string{"größe €"}}) {
    CHECK_EQUAL(path_of(percent_encode(x)), x);
    CHECK(parameters_of("/m?a=" + percent_encode(x)) == list({{"a", x}}));
  }
  CHECK_EQUAL(percent_encode("Az0-._~ /%"), "Az0-._~%20%2F%25");
}
