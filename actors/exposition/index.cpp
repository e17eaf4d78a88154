// HTML, small enough to be read without a style sheet.
#include "actors/exposition/index.hpp"

#include "actors/exposition/http_request.hpp"
#include "actors/exposition/service_discovery.hpp"
#include "actors/registry/families.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

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

std::string table_row(const entry& x, const std::string& route, double now) {
  const auto& m = *x.metrics;
  auto good = m.last_success.load(std::memory_order_relaxed);
  auto failed = m.last_failure.load(std::memory_order_relaxed);
  return fmt::format("<tr><td><a href=\"{}?backend={}\">{}</a><td>{}<td>{}<td>{}<td>{}<td>{}\n",
                     route, percent_encode(x.value.name), escape_html(x.value.name),
                     m.paused.load(std::memory_order_relaxed)
                       ? "paused"
                       : to_string_view(m.state.load(std::memory_order_relaxed)),
                     to_string_view(m.role.load(std::memory_order_relaxed)),
                     version_text(m.server_version.load(std::memory_order_relaxed)),
                     good > 0 ? age_text(now - good) : "never", to_string_view(failed));
}

} // namespace

std::string index_html(const entry_list& backends, const std::string& route, double now) {
  auto result = fmt::format(
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>pgstatsmon</title>\n"
    "<style>body{{font-family:sans-serif;margin:2em}}td,th{{text-align:left;padding:.1em 1em .1em "
    "0}}</style></head><body>\n<h1>pgstatsmon {}</h1>\n<p><a href=\"{}\">Metrics</a> of all, or of "
    "the one whose name you follow; <a "
    "href=\"{}\">targets</a> for Prometheus</p>\n"
    "<table>\n<tr><th>backend<th>state<th>role<th>version<th>last success<th>last failure\n",
    PGSTATSMON_VERSION, route, targets_route);
  for (const auto& x : backends)
    result += table_row(*x, route, now);
  return result + "</table>\n</body></html>\n";
}

} // namespace pgstatsmon
