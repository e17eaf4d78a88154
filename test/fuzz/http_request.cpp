// Feeds anything as a request's target, and what it asks for to those who answer it: the answer is
// a page, or a sentence of one line.
#include "actors/exposition/http_request.hpp"

#include "test/unit/page_fixture.hpp"

#include "actors/exposition/pages.hpp"
#include "actors/exposition/service_discovery.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace pgstatsmon;

struct fixture : test::page_fixture {
  fixture() {
    show(add("a"), {{{R"(table="t")", {1, 2}}}, {{"", {3}}}});
    add("b");
    for (const auto& x : backends)
      cell->add(x);
  }

  std::shared_ptr<snapshot_cell> cell = std::make_shared<snapshot_cell>();
  page_sources sources{cell, [this] { return queries; },
                       std::make_shared<daemon_metrics>(label_list{})};
};

void expect(bool x) {
  if (!x)
    std::abort();
}

void expect_answer(http_response x) {
  if (x.status != 200) {
    expect(x.status == 400 || x.status == 404);
    expect(x.body.find('\n') == x.body.size() - 1);
    return;
  }
  std::array<char, 4096> chunk{};
  while (x.stream->read(chunk.data(), chunk.size()) > 0) {
    // to its end
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fixture known;
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto x = parse_request(text);
  if (!x)
    return 0;
  expect(text.size() <= max_target_bytes && x->path.size() <= text.size());
  expect(x->parameters.size() <= max_parameters);
  if (auto encoded = percent_encode(x->path); encoded.size() <= max_target_bytes)
    expect(parse_request(encoded)->path == x->path);
  expect_answer(answer_page(known.sources, {x->all("backend"), x->all("collect[]")}));
  expect_answer(answer_page(known.sources, {{x->path}, x->all("collect[]")}));
  if (auto address = address_in(x->path))
    expect(address->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-._:[]")
           == std::string::npos);
  return 0;
}
