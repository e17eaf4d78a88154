// The routes to the page and to parts of it.
#include "actors/exposition/pages.hpp"

#include "actors/exposition/index.hpp"
#include "actors/exposition/send_on.hpp"
#include "actors/exposition/web_files.hpp"
#include "actors/fleet/fleet_text.hpp"
#include "actors/registry/page.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

constexpr const char* page_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr unsigned bad_request = 400;
constexpr unsigned not_found = 404;

double unix_time() {
  return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

/// What no backend's own families say.
std::string rest_of_page(const page_sources& from, const entry_list& backends) {
  auto fleet = from.fleet->get();
  return members_text(*fleet, backends) + clusters_text(*fleet, unix_time()) + from.daemon->text();
}

/// A page that counts what it costs.
class measured_page final : public body_source {
public:
  using clock = std::chrono::steady_clock;

  explicit measured_page(const page_sources& from) : measured_page{from, from.backends->get()} {}

  measured_page(const page_sources& from, const snapshot_ptr& backends)
    : begin_{clock::now()},
      daemon_{from.daemon},
      page_{backends, from.layout->get(from.queries(), daemon_->fleet.shown()),
            [from, backends] { return rest_of_page(from, *backends); }} {
    worked_ = clock::now() - begin_;
  }

  size_t read(char* to, size_t max) override {
    begin_ = clock::now();
    auto n = page_.read(to, max);
    worked_ += clock::now() - begin_;
    bytes_ += n;
    if (n == 0)
      finish();
    return n;
  }

private:
  void finish() {
    if (!std::exchange(finished_, true)) {
      daemon_->pages.Increment();
      daemon_->page_bytes.Set(static_cast<double>(bytes_));
      daemon_->page_seconds.Observe(std::chrono::duration<double>{worked_}.count());
    }
  }

  clock::time_point begin_;
  clock::duration worked_{0};
  size_t bytes_ = 0;
  bool finished_ = false;
  std::shared_ptr<daemon_metrics> daemon_;
  page_reader page_;
};

/// A part of the page. It does not count: it would hide what whole pages cost.
class partial_page final : public body_source {
public:
  explicit partial_page(page_reader page) : page_{std::move(page)} {}

  size_t read(char* to, size_t max) override { return page_.read(to, max); }

private:
  page_reader page_;
};

http_response as_page(std::unique_ptr<body_source> body) {
  http_response result;
  result.type = page_type;
  result.stream = std::move(body);
  return result;
}

snapshot_ptr those_called(const std::vector<std::string>& names, const snapshot_ptr& all) {
  if (names.empty())
    return all;
  auto result = std::make_shared<entry_list>();
  std::ranges::copy_if(*all, std::back_inserter(*result), [&](const entry_ptr& x) {
    return std::ranges::find(names, x->value.name) != names.end();
  });
  return result;
}

/// What is left of one that another daemon watches now.
left_backend left_of(const page_sources& from, const std::vector<std::string>& names) {
  return from.left == nullptr || names.size() != 1
           ? left_backend{}
           : from.left->find(names.front(), std::chrono::steady_clock::now());
}

/// The first name that no query has; null when there is none.
const std::string* unknown_query(const std::vector<std::string>& names, const catalogue& queries) {
  auto i = std::ranges::find_if(names, [&](const std::string& name) {
    return std::ranges::find(queries.queries(), name, &query_definition::name)
           == queries.queries().end();
  });
  return i == names.end() ? nullptr : &*i;
}

std::string below(const std::string& route, std::string_view rest) {
  return fmt::format("{}{}{}", route, route.ends_with('/') ? "" : "/", rest);
}

} // namespace

http_response answer_page(const page_sources& from, const page_part& part) {
  if (part.backends.empty() && part.queries.empty())
    return as_page(std::make_unique<measured_page>(from));
  auto queries = from.queries();
  if (const auto* name = unknown_query(part.queries, *queries))
    return text_response(bad_request, fmt::format("no query is called '{}'\n", one_line(*name)));
  auto backends = those_called(part.backends, from.backends->get());
  if (backends->empty())
    if (auto left = left_of(from, part.backends).value)
      backends = std::make_shared<const entry_list>(entry_list{std::move(left)});
  if (backends->empty() && !part.backends.empty())
    return text_response(
      not_found, fmt::format("no backend is called '{}'\n", one_line(part.backends.front())));
  std::function<std::string()> members;
  if (part.queries.empty())
    members = [fleet = from.fleet->get(), backends] { return members_text(*fleet, *backends); };
  return as_page(std::make_unique<partial_page>(page_reader{
    backends, make_layout(queries, from.daemon->fleet.shown(), part.queries), std::move(members)}));
}

std::string backends_route(const std::string& route) {
  return below(route, "backends/");
}

void add_pages(http_server& to, const page_sources& from, const std::string& route) {
  to.add_route(route, [from](const http_request& x) {
    return answer_page(from, {x.all("backend"), x.all("collect[]")});
  });
  auto prefix = backends_route(route);
  to.add_route(prefix + '*', [from, prefix](const http_request& x) {
    page_part part{{x.path.substr(prefix.size())}, x.all("collect[]")};
    if (those_called(part.backends, from.backends->get())->empty())
      if (auto elsewhere = send_on(x, prefix, left_of(from, part.backends), from.sharing.get()))
        return std::move(*elsewhere);
    return answer_page(from, part);
  });
  to.add_route(below(route, "daemon"), [from](const http_request&) {
    http_response x;
    x.type = page_type;
    x.body = clusters_text(*from.fleet->get(), unix_time()) + from.daemon->text();
    return x;
  });
  to.add_route("/probe", [from](const http_request& x) {
    auto names = x.all("target");
    if (names.size() != 1 || names.front().empty())
      return text_response(bad_request, "one backend has to be named: /probe?target=NAME\n");
    return answer_page(from, {std::move(names), x.all("collect[]")});
  });
  if (route == "/")
    return;
  add_web_files(to);
  to.add_route("/", [from, route](const http_request&) {
    http_response x;
    x.type = "text/html; charset=utf-8";
    x.body = index_html(*from.backends->get(), route, unix_time());
    x.headers = page_headers();
    x.headers.emplace_back("Cache-Control", "no-store");
    return x;
  });
}

} // namespace pgstatsmon
