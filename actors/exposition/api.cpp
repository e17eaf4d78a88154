// Routes to the console's reports.
#include "actors/exposition/api.hpp"

#include "actors/console/reports.hpp"

namespace pgstatsmon {

namespace {

constexpr std::string_view one_backend = "/api/v1/backends/";
constexpr std::string_view statements = "/statements";
constexpr std::string_view locks = "/locks";

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
  return json(backend_report(*found, look_time::now(), true));
}

/// A backend, or one of its parts. A name may end like a part, too, and is then the name.
http_response backend_or_part(const console_sources& from, std::string_view name) {
  auto all = from.backends->get();
  for (auto part : {statements, locks})
    if (name.ends_with(part) && find_backend(*all, name) == nullptr)
      if (auto found = find_backend(*all, name.substr(0, name.size() - part.size())))
        return json(part == locks ? locks_report(*found, look_time::now())
                                  : texts_report(*found, true, look_time::now()));
  return backend_named(from, name);
}

} // namespace

void add_api(http_server& to, const console_sources& from) {
  to.add_route("/api/v1/backends", [from](const http_request&) {
    return json(backends_report(*from.backends->get(), look_time::now()));
  });
  to.add_route(std::string{one_backend} + '*', [from](const http_request& x) {
    return backend_or_part(from, x.path.substr(one_backend.size()));
  });
  to.add_route("/api/v1/actors", [from](const http_request&) {
    return json(actors_report(from.actors->list(), look_time::now(), false));
  });
}

} // namespace pgstatsmon
