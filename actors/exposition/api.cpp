// Routes to the console's reports.
#include "actors/exposition/api.hpp"

#include "actors/console/reports.hpp"

namespace pgstatsmon {

namespace {

constexpr std::string_view one_backend = "/api/v1/backends/";
constexpr std::string_view statements = "/statements";

http_response json(const report& x, unsigned status = 200) {
  http_response result;
  result.status = status;
  result.type = "application/json";
  result.body = to_json_text(x);
  return result;
}

http_response backend_named(const console_sources& from, std::string_view name) {
  constexpr unsigned not_found = 404;
  auto found = find_backend(*from.backends->get(), name);
  if (found == nullptr)
    return json({fact_list{{{"error", "error", words("no backend has this name")}}}}, not_found);
  return json(backend_report(*found, *from.signs, *from.fleet->get(), look_time::now(), true));
}

/// A name may end with that, too, and is then the name.
http_response statements_of(const console_sources& from, std::string_view name) {
  auto all = from.backends->get();
  auto found = find_backend(*all, name.substr(0, name.size() - statements.size()));
  if (found == nullptr || find_backend(*all, name) != nullptr)
    return backend_named(from, name);
  return json(texts_report(*found, true, look_time::now()));
}

} // namespace

void add_api(http_server& to, const console_sources& from) {
  to.add_route("/api/v1/backends", [from](const http_request&) {
    return json(backends_report(*from.backends->get(), *from.signs, look_time::now()));
  });
  to.add_route(std::string{one_backend} + '*', [from](const http_request& x) {
    auto name = x.path.substr(one_backend.size());
    return name.ends_with(statements) ? statements_of(from, name) : backend_named(from, name);
  });
  to.add_route("/api/v1/clusters",
               [from](const http_request&) { return json(clusters_list(*from.fleet->get())); });
  to.add_route("/api/v1/actors", [from](const http_request&) {
    return json(actors_report(from.actors->list(), look_time::now(), false));
  });
}

} // namespace pgstatsmon
