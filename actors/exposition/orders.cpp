// Orders checked, logged and handed to who carries them out.
#include "actors/exposition/orders.hpp"

#include "actors/console/answers.hpp"
#include "actors/exposition/json_response.hpp"
#include "actors/exposition/order_check.hpp"
#include "actors/exposition/rate_limit.hpp"
#include "config/log.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace pgstatsmon {

namespace {

constexpr unsigned bad_request = 400;
constexpr unsigned forbidden = 403;
constexpr unsigned not_found = 404;
constexpr unsigned timed_out = 504;
constexpr unsigned unavailable = 503;

/// Lines about orders that were refused: whose page makes them can make many.
constexpr rate_limit_config refusals_logged{.interval = std::chrono::seconds{1}, .burst = 10};

using order = decltype(order_question::order);

/// What all routes share.
struct order_desk {
  order_tokens tokens;
  rate_limiter limiter{refusals_logged};
  console_sources facts;
  std::shared_ptr<const desk_line> line;
};

using order_desk_ptr = std::shared_ptr<order_desk>;

std::string who(const http_request& x) {
  return fmt::format("user {} at {}", one_line(x.user), x.peer);
}

/// Why it is refused; nothing when it is not.
std::optional<http_response> refusal(order_desk& by, const http_request& x) {
  auto why = order_refusal(x, by.tokens);
  if (why.empty())
    return std::nullopt;
  if (by.limiter.take(rate_limiter::clock::now()))
    say(spdlog::level::warn, log_event::order_refused,
        "an order from the page is refused: {}: {}, {}", one_line(x.path), why, who(x));
  return json_error(forbidden, why);
}

unsigned status_of(const caf::error& x) {
  if (x == ec::no_such_backend)
    return not_found;
  return x == ec::timeout ? timed_out : unavailable;
}

http_response have_done(const order_desk_ptr& by, const http_request& x, order what,
                        const std::string& words) {
  say(spdlog::level::warn, log_event::order_given, "order from the page: {}, by {}",
      one_line(words), who(x));
  http_response result;
  result.later = [by, what = std::move(what)](const late_answer& answer) {
    auto done = [answer](const caf::expected<std::string>& y) {
      answer(y ? json_object("done", *y)
               : json_error(status_of(y.error()), sentence_of(y.error())));
    };
    if (!by->line->send(order_question{what, done}))
      answer(json_error(unavailable, "the daemon is starting"));
  };
  return result;
}

/// The seconds of a pause; 0 when none are given, nothing for what is no number of them.
std::optional<uint32_t> seconds_of(std::string_view text) {
  uint32_t result = 0;
  if (text.empty())
    return result;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size() || result == 0)
    return std::nullopt;
  return result;
}

http_response poll_now(const order_desk_ptr& by, const http_request& x,
                       const std::string& backend) {
  return have_done(by, x, poll_order{backend}, "poll of " + backend);
}

http_response pause(const order_desk_ptr& by, const http_request& x, const std::string& backend) {
  auto seconds = seconds_of(x.first("seconds"));
  if (!seconds)
    return json_error(bad_request, "seconds is no number of seconds");
  pause_order what{backend, std::chrono::seconds{*seconds}, false};
  auto words = *seconds == 0 ? fmt::format("pause of {}", backend)
                             : fmt::format("pause of {} for {} s", backend, *seconds);
  return have_done(by, x, std::move(what), words);
}

http_response resume(const order_desk_ptr& by, const http_request& x, const std::string& backend) {
  return have_done(by, x, resume_order{backend}, "resume of " + backend);
}

http_response change_log(const order_desk_ptr& by, const http_request& x) {
  auto line = fmt::format("log level {}", x.first("level"));
  command what;
  what.what = verb::log;
  what.json = true;
  what.name = x.first("level");
  what.backend = x.first("backend");
  if (what.name != "default" && !parse_log_level(what.name))
    return json_error(bad_request, "level is none, expected trace to fatal, or default");
  say(spdlog::level::warn, log_event::order_given, "order from the page: {} of {}, by {}",
      one_line(line), what.backend.empty() ? "all" : one_line(what.backend), who(x));
  stat_tables unused;
  auto result = answer_now(what, by->facts, unused);
  if (!result->good)
    return json_error(not_found, "no backend has this name");
  return json_object("done", what.name);
}

using carry_out = http_response (*)(const order_desk_ptr&, const http_request&, const std::string&);

/// Adds an order about one backend.
void add_order(http_server& to, const order_desk_ptr& by, const std::string& name, carry_out what) {
  to.add_order("/api/v1/orders/" + name, [by, what](const http_request& x) {
    if (auto refused = refusal(*by, x))
      return std::move(*refused);
    std::string backend{x.first("backend")};
    if (backend.empty())
      return json_error(bad_request, "a backend has to be named: ?backend=NAME");
    return what(by, x, backend);
  });
}

} // namespace

void add_orders(http_server& to, const console_sources& facts,
                const std::shared_ptr<const desk_line>& desk) {
  auto by = std::make_shared<order_desk>();
  by->facts = facts;
  by->line = desk;
  to.add_route("/api/v1/orders", [by](const http_request& x) {
    if (x.user.empty())
      return json_error(forbidden,
                        "orders are for users: basic_auth_users of the web configuration");
    auto result = json_object("user", x.user, "token", by->tokens.of(x.user));
    result.headers.emplace_back("Cache-Control", "no-store");
    return result;
  });
  add_order(to, by, "poll", poll_now);
  add_order(to, by, "pause", pause);
  add_order(to, by, "resume", resume);
  to.add_order("/api/v1/orders/log", [by](const http_request& x) {
    if (auto refused = refusal(*by, x))
      return std::move(*refused);
    return change_log(by, x);
  });
}

caf::error orders_fault(const settings& options, const web_config& users, const std::string& file) {
  if (!options.web.orders || !users.users.empty())
    return {};
  return caf::make_error(ec::bad_configuration,
                         file + ": web.orders: needs users, expected basic_auth_users in "
                           + options.web.config);
}

} // namespace pgstatsmon
