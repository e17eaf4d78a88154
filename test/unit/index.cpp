// The page for people.
#define SUITE index
#include "actors/exposition/index.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace pgstatsmon::test;

namespace {

bool says(const std::string& html, std::string_view text) {
  return html.find(text) != std::string::npos;
}

} // namespace

FIXTURE_SCOPE(index_tests, page_fixture)

TEST(the index says how old the last success is) {
  auto a = add("a");
  a->metrics->last_success = 1000;
  a->metrics->last_failure = failure::tls;
  CHECK(says(index_html(backends, "/metrics", 1090), "<td>90 s<td>tls"));
  CHECK(says(index_html(backends, "/metrics", 1600), "<td>10 min<td>"));
  CHECK(says(index_html(backends, "/metrics", 37000), "<td>10 h<td>"));
}

TEST(the index says who is paused) {
  add("a")->metrics->paused = true;
  CHECK(says(index_html(backends, "/metrics", 0), "<td>paused<td>"));
}

TEST(the index leads to pages and targets) {
  add("<a&b>/\"c d\"");
  auto html = index_html(backends, "/own", 0);
  CHECK(says(html, "<a href=\"/own\">"));
  CHECK(says(html, "<a href=\"/api/v1/sd\">"));
  CHECK(says(html, "<a href=\"/own?backend=%3Ca%26b%3E%2F%22c%20d%22\">"
                   "&lt;a&amp;b&gt;/&quot;c d&quot;</a>"));
}

FIXTURE_SCOPE_END()
