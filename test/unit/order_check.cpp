// Which requests may give orders.
#define SUITE order_check
#include "actors/exposition/order_check.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

const order_tokens tokens;

struct asked {
  asked() { request.headers = {{"Host", "db.example:9187"}, {token_header, token}}; }

  asked& with(std::string_view name, std::string_view value) {
    request.headers.emplace_back(name, value);
    return *this;
  }

  [[nodiscard]] std::string why() const { return std::string{order_refusal(request, tokens)}; }

  std::string token = tokens.of("alice");
  http_request request{.path = "/api/v1/orders/poll",
                       .parameters = {},
                       .headers = {},
                       .user = "alice",
                       .peer = "127.0.0.1"};
};

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST(our own page may with its token) {
  CHECK_EQUAL(asked{}.why(), "");
  CHECK_EQUAL(asked{}.with("Sec-Fetch-Site", "same-origin").why(), "");
  CHECK_EQUAL(asked{}.with("Origin", "https://db.example:9187").why(), "");
  CHECK_EQUAL(asked{}.with("Origin", "http://db.example:9187").why(), "");
}

TEST(pages of other sites may not ) {
  for (const auto* site : {"cross-site", "same-site", "none", "x"})
    CHECK(says(asked{}.with("Sec-Fetch-Site", site).why(), "another site"));
  for (const auto* origin :
       {"null", "https://evil.example", "https://db.example", "https://db.example:9188",
        "https://db.example:9187.evil.example", "https://xdb.example:9187", "db.example:9187"})
    CHECK(says(asked{}.with("Origin", origin).why(), "another origin"));
}

TEST(nobody may without the token of this user and this process) {
  for (const auto& token : {std::string{}, std::string{"x"}, tokens.of("bob"), tokens.of(""),
                            order_tokens{}.of("alice"), tokens.of("alice") + "0"}) {
    asked x;
    x.request.headers.back().second = token;
    CHECK(says(x.why(), "no token"));
  }
}

TEST(nobody may where nobody is asked for a password) {
  asked x;
  x.request.user.clear();
  x.token = tokens.of("");
  x.request.headers.back().second = x.token;
  CHECK(says(x.why(), "for users"));
}
