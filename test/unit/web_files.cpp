// The files of the page for browsers: what they are told about them, and what may not be in them.
#define SUITE web_files
#include "actors/exposition/web_files.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/test.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace pgstatsmon::test;

namespace {

bool says(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace

TEST(every file is served with its type and a tag that saves it the next time) {
  http_server server{{}};
  add_web_files(server);
  CAF_REQUIRE(!server.start());
  size_t scripts = 0;
  for (const auto& x : built_in_web_files()) {
    auto path = "/web/" + x.name;
    auto answer = fetch(server.port(), "GET", path);
    if (x.name.ends_with(".html")) {
      CHECK_EQUAL(answer.status, 404);
      continue;
    }
    scripts += x.name.ends_with(".mjs") ? 1 : 0;
    CHECK_EQUAL(answer.status, 200);
    CHECK(answer.body == x.content);
    CHECK_EQUAL(answer.headers["content-type"], std::string{media_type_of(x.name)});
    CHECK_EQUAL(answer.headers["x-content-type-options"], "nosniff");
    CHECK(says(answer.headers["content-security-policy"], "default-src 'none'"));
    auto again =
      fetch(server.port(), "GET", path,
            "Accept-Encoding: gzip\r\nIf-None-Match: " + answer.headers["etag"] + "\r\n");
    CHECK_EQUAL(again.status, 304);
    CHECK_EQUAL(again.body, "");
    CHECK_EQUAL(again.headers["etag"], answer.headers["etag"]);
  }
  CHECK(scripts > 5);
  auto packed = fetch(server.port(), "GET", "/web/style.css", "Accept-Encoding: gzip\r\n");
  CHECK_EQUAL(packed.headers["content-encoding"], "gzip");
  CHECK_EQUAL(fetch(server.port(), "GET", "/web/").status, 404);
  CHECK_EQUAL(fetch(server.port(), "GET", "/web/../web/style.css").status, 404);
}

TEST(a tag is found among others and not in others) {
  for (const auto* x : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", " W/\"b\" ,W/\"a\" ", "*"})
    CHECK(has_already(x, "W/\"a\""));
  for (const auto* x : {"", ",", "\"b\"", "a", "W/\"aa\"", "\"A\""})
    CHECK(!has_already(x, "W/\"a\""));
}

TEST(each file says its purpose in its first line) {
  for (const auto& x : built_in_web_files()) {
    auto first = x.content.substr(0, x.content.find('\n'));
    if (x.name.ends_with(".html"))
      first = x.content.substr(first.size() + 1, x.content.find('\n', first.size() + 1));
    CHECK(first.starts_with("// ") || first.starts_with("/* ") || first.starts_with("<!-- "));
  }
}

TEST(nothing makes markup of data or asks another host) {
  for (const auto& x : built_in_web_files()) {
    for (const auto* word :
         {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
          "DOMParser", "createContextualFragment", "srcdoc",
          "javascript:", "style=", "onclick=", "localStorage", "https://", "@import", "url("})
      if (says(x.content, word))
        CAF_ERROR(x.name << " has " << word);
    auto foreign = x.content;
    for (auto at = foreign.find("http://"); at != foreign.npos;
         at = foreign.find("http://", at + 1))
      CHECK(foreign.substr(at).starts_with("http://www.w3.org/2000/svg"));
  }
}

TEST(every module that is imported is there) {
  for (const auto& x : built_in_web_files()) {
    constexpr std::string_view mark = "from \"./";
    for (auto at = x.content.find(mark); at != x.content.npos; at = x.content.find(mark, at + 1)) {
      auto begin = at + mark.size();
      CHECK(
        !built_in_web_file(x.content.substr(begin, x.content.find('"', begin) - begin)).empty());
    }
  }
}
