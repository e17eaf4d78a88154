// The document of the page for browsers, with a table for who has no scripts.
#include "actors/exposition/index.hpp"

#include "actors/exposition/http_request.hpp"
#include "actors/exposition/service_discovery.hpp"
#include "actors/exposition/web_files.hpp"
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

std::string table_html(const entry_list& backends, const std::string& route, double now) {
  std::string result =
    "<table>\n<tr><th>backend<th>state<th>role<th>version<th>last success<th>failure\n";
  for (const auto& x : backends)
    result += table_row(*x, route, now);
  return result + "</table>";
}

/// Replaces `{{name}}`, where it stands.
void put(std::string& into, std::string_view name, std::string_view text) {
  auto mark = fmt::format("{{{{{}}}}}", name);
  if (auto at = into.find(mark); at != std::string::npos)
    into.replace(at, mark.size(), text);
}

} // namespace

std::string index_html(const entry_list& backends, const std::string& route, double now) {
  std::string result{built_in_web_file("index.html")};
  put(result, "version", PGSTATSMON_VERSION);
  put(result, "route", route);
  put(result, "targets", targets_route);
  put(result, "table", table_html(backends, route, now));
  return result;
}

} // namespace pgstatsmon
