// Routes to the console's reports.
#include "actors/exposition/api.hpp"

#include "actors/console/reports.hpp"
#include "actors/console/selection.hpp"
#include "actors/exposition/json_response.hpp"
#include "messages/error.hpp"

namespace pgstatsmon {

namespace {

constexpr std::string_view one_backend = "/api/v1/backends/";
constexpr std::string_view statements = "/statements";
constexpr std::string_view locks = "/locks";
constexpr std::string_view history = "/history";

constexpr unsigned bad_request = 400;
constexpr unsigned not_found = 404;
constexpr unsigned unavailable = 503;
constexpr unsigned timed_out = 504;

http_response list_backends(const console_sources& from, const http_request& x) {
  auto now = look_time::now();
  auto which = selected(*from.backends->get(), {x.all("filter"), std::string{x.first("sort")}},
                        *from.fleet->get(), now);
  if (!which)
    return json_error(bad_request, sentence_of(which.error()));
  http_response result;
  result.type = "application/json";
  result.body = backends_json(*which, now);
  return result;
}

http_response backend_named(const console_sources& from, std::string_view name) {
  auto found = find_backend(*from.backends->get(), name);
  if (found == nullptr)
    return json_error(not_found, "no backend has this name");
  return json_response(backend_report(*found, *from.fleet->get(), look_time::now(), true));
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
    return json_response(texts_report(*x, true, look_time::now()));
  if (auto x = of(history))
    return json_response(history_report(*x, look_time::now()));
  if (auto x = of(locks))
    return json_response(locks_report(*x, look_time::now()));
  return backend_named(from, path);
}

http_response ask_scheduler(const std::shared_ptr<const desk_line>& desk) {
  http_response result;
  result.later = [desk](const late_answer& answer) {
    auto done = [answer](const caf::expected<scheduler_status>& x) {
      answer(x ? json_response(scheduler_report(*x))
               : json_error(timed_out, sentence_of(x.error())));
    };
    if (!desk->send(status_question{done}))
      answer(json_error(unavailable, "the daemon is starting"));
  };
  return result;
}

} // namespace

void add_api(http_server& to, const console_sources& from,
             const std::shared_ptr<const desk_line>& desk) {
  to.add_route("/api/v1/backends",
               [from](const http_request& x) { return list_backends(from, x); });
  to.add_route(std::string{one_backend} + '*', [from](const http_request& x) {
    return part_of(from, std::string_view{x.path}.substr(one_backend.size()));
  });
  to.add_route("/api/v1/clusters", [from](const http_request&) {
    return json_response(clusters_list(*from.fleet->get()));
  });
  to.add_route("/api/v1/cluster", [from](const http_request&) {
    if (from.sharing == nullptr)
      return json_error(not_found, "this daemon shares its fleet with nobody");
    return json_response(cluster_report(*from.sharing->status(), look_time::now()));
  });
  to.add_route("/api/v1/actors", [from](const http_request&) {
    return json_response(actors_report(from.actors->list(), look_time::now(), false));
  });
  to.add_route("/api/v1/scheduler", [desk](const http_request&) { return ask_scheduler(desk); });
}

} // namespace pgstatsmon
