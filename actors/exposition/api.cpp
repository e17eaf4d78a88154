// Routes to the console's reports.
#include "actors/exposition/api.hpp"

#include "actors/console/reports.hpp"

namespace pgstatsmon {

namespace {

constexpr std::string_view one_backend = "/api/v1/backends/";
constexpr std::string_view statements = "/statements";
constexpr std::string_view locks = "/locks";
constexpr std::string_view history = "/history";

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
  return json(backend_report(*found, *from.fleet->get(), look_time::now(), true));
}

/// What a path says of one backend. A name may end like that, too, and is then the name.
http_response part_of(const console_sources& from, std::string_view path) {
  auto all = from.backends->get();
  auto named = find_backend(*all, path) != nullptr;
  auto of = [&](std::string_view part) {
    return named || !path.ends_with(part)
             ? nullptr
             : find_backend(*all, path.substr(0, path.size() - part.size()));
  };
  if (auto x = of(statements))
    return json(texts_report(*x, true, look_time::now()));
  if (auto x = of(history))
    return json(history_report(*x, look_time::now()));
  if (auto x = of(locks))
    return json(locks_report(*x, look_time::now()));
  return backend_named(from, path);
}

} // namespace

void add_api(http_server& to, const console_sources& from) {
  to.add_route("/api/v1/backends", [from](const http_request&) {
    return json(backends_report(*from.backends->get(), look_time::now()));
  });
  to.add_route(std::string{one_backend} + '*', [from](const http_request& x) {
    return part_of(from, std::string_view{x.path}.substr(one_backend.size()));
  });
  to.add_route("/api/v1/clusters",
               [from](const http_request&) { return json(clusters_list(*from.fleet->get())); });
  to.add_route("/api/v1/actors", [from](const http_request&) {
    return json(actors_report(from.actors->list(), look_time::now(), false));
  });
}

} // namespace pgstatsmon
