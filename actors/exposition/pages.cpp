// The routes that every daemon serves.
#include "actors/exposition/pages.hpp"

#include "actors/registry/page.hpp"

#include <fmt/format.h>

#include <chrono>

namespace pgstatsmon {

namespace {

/// A page that counts what it costs.
class measured_page final : public body_source {
public:
  using clock = std::chrono::steady_clock;

  explicit measured_page(const page_sources& from)
    : begin_{clock::now()},
      daemon_{from.daemon},
      page_{from.backends->get(), from.queries(), [daemon = daemon_] { return daemon->text(); }} {
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

std::string escape_html(std::string_view text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&': result += "&amp;"; break;
    case '<': result += "&lt;"; break;
    case '>': result += "&gt;"; break;
    case '"': result += "&quot;"; break;
    case '\'': result += "&#39;"; break;
    default: result += c;
    }
  return result;
}

std::string age_text(double seconds) {
  if (seconds < 120)
    return fmt::format("{:.0f} s", std::max(seconds, 0.0));
  if (seconds < 7200)
    return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

std::string table_row(const entry& x, double now) {
  const auto& m = *x.metrics;
  auto good = m.last_success.load(std::memory_order_relaxed);
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  return fmt::format("<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}\n", escape_html(x.value.name),
                     to_string_view(m.state.load(std::memory_order_relaxed)),
                     to_string_view(m.role.load(std::memory_order_relaxed)),
                     version_text(m.server_version.load(std::memory_order_relaxed)),
                     good > 0 ? age_text(now - good) : "never", to_string_view(failed));
}

double unix_time() {
  return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

} // namespace

std::unique_ptr<body_source> make_page(const page_sources& from) {
  return std::make_unique<measured_page>(from);
}

std::string index_html(const entry_list& backends, const std::string& route, double now) {
  auto result = fmt::format(
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>pgstatsmon</title>\n"
    "<style>body{{font-family:sans-serif;margin:2em}}td,th{{text-align:left;padding:.1em 1em .1em "
    "0}}</style></head><body>\n<h1>pgstatsmon {}</h1>\n<p><a href=\"{}\">Metrics</a></p>\n"
    "<table>\n<tr><th>backend<th>state<th>role<th>version<th>last success<th>last failure\n",
    PGSTATSMON_VERSION, escape_html(route));
  for (const auto& x : backends)
    result += table_row(*x, now);
  return result + "</table>\n</body></html>\n";
}

void add_pages(http_server& to, const page_sources& from, const std::string& route) {
  to.add_route(route, [from](const http_request&) {
    http_response x;
    x.type = "text/plain; version=0.0.4; charset=utf-8";
    x.stream = make_page(from);
    return x;
  });
  if (route == "/")
    return;
  to.add_route("/", [from, route](const http_request&) {
    http_response x;
    x.type = "text/html; charset=utf-8";
    x.body = index_html(*from.backends->get(), route, unix_time());
    return x;
  });
}

} // namespace pgstatsmon
