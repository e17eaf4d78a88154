// The VISITOR: who is visited, what is shown of it, and when it is forgotten.
#include "actors/backend/visitor.hpp"

#include "actors/backend/conninfo.hpp"
#include "actors/registry/escape.hpp"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// How long a server may take to end a session.
constexpr auto farewell_limit = std::chrono::seconds{1};

/// Reads of its last words at a time.
constexpr int max_reads = 16;

/// Whether the other side has ended the connection. What it said before is of no interest.
bool has_ended(int socket) {
  std::array<char, 1024> last_words{};
  ssize_t n = 1;
  for (int i = 0; i < max_reads && n > 0; ++i)
    n = ::recv(socket, last_words.data(), last_words.size(), MSG_DONTWAIT);
  if (n > 0)
    return false;
  return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

} // namespace

visitor_state::watched::watched(const visitor_arguments& arguments, const std::string& database)
  : what{arguments.metrics->queries(), arguments.target.id + '/' + database,
         arguments.target.collect, true},
    rows{arguments.metrics->queries(), arguments.target, database} {
  shown.name = database;
  shown.labels = render_labels({{"datname", database}});
}

visitor_state::~visitor_state() {
  close_all();
  for (auto& [number, gone] : leaving_) {
    arguments_.context->sockets->forget(gone.socket);
    ::close(gone.socket);
  }
}

void visitor_state::start(visitor_arguments arguments) {
  arguments_ = std::move(arguments);
  const auto& target = arguments_.target;
  plan_.emplace(target.databases, target.database);
  plan_->set_interval(interval());
  shapes_.emplace(arguments_.metrics->queries(),
                  [this](const log_fields& fields, const std::string& line) {
                    say(spdlog::level::warn, fields, "{}", line);
                  });
}

caf::timespan visitor_state::interval() const {
  return std::max<caf::timespan>(milliseconds{arguments_.target.databases.interval},
                                 arguments_.options->interval);
}

void visitor_state::learn(const server_seen& server) {
  if (server_ && server_->address != server.address)
    close_idle();
  server_ = server;
  auto change = plan_->learn(*server.databases, now());
  for (const auto& database : change.gone)
    forget(database);
  for (const auto& database : change.come)
    databases_.try_emplace(database, arguments_, database);
  show();
  pump();
}

void visitor_state::obey(const session_order& order) {
  if (!order.connect)
    server_.reset();
  if (!order.connect || arguments_.metrics->paused)
    end_all();
  pump();
}

void visitor_state::end_all() {
  for (auto& [database, known] : databases_) {
    if (known.open == nullptr || known.open->at == visit::stage::idle)
      continue;
    if (known.open->link != nullptr)
      if (auto request = known.open->link->cancellation())
        self_->send(arguments_.context->worker, cancel_request{std::move(request)});
    end(database, visit_outcome::skipped);
  }
  close_all();
  show();
}

void visitor_state::reconfigure(const settings_ptr& fresh) {
  auto old = std::exchange(arguments_.options, fresh);
  plan_->set_interval(interval());
  auto outdated =
    old->connections != fresh->connections || old->password_file != fresh->password_file;
  if (outdated)
    renew_all();
  pump();
}

void visitor_state::follow(const backend& fresh) {
  auto outdated = connects_otherwise(arguments_.target, fresh);
  arguments_.target = fresh;
  for (auto& [database, known] : databases_)
    known.rows.relabel(fresh.labels);
  if (outdated)
    renew_all();
  pump();
}

/// Sessions that were made otherwise end with the visit under way.
void visitor_state::renew_all() {
  for (auto& [database, known] : databases_)
    if (known.open != nullptr)
      known.open->last = true;
  close_idle();
}

void visitor_state::pump() {
  drop_stale();
  for (const auto& database : plan_->surplus())
    close(databases_.at(database));
  while (server_ && !arguments_.metrics->paused) {
    auto next = plan_->next(now());
    if (!next)
      break;
    begin(*next);
  }
  arm_tick();
}

void visitor_state::begin(const std::string& database) {
  auto& known = databases_.at(database);
  auto when = now();
  known.what.learn(server_->version, server_->role, false);
  known.what.start(when, interval());
  auto asked = known.what.due(when, interval());
  auto any = std::ranges::any_of(asked, [](const auto& variant) { return variant.has_value(); });
  if (!any && !wants_facts(known)) {
    end(database, visit_outcome::skipped);
    return;
  }
  if (known.open != nullptr) {
    ask(database, known);
    return;
  }
  known.open = std::make_unique<visit>(numbers_);
  enter(database, *known.open);
}

void visitor_state::end(const std::string& database, visit_outcome how) {
  auto& known = databases_.at(database);
  plan_->ended(database, how, now());
  if (known.open != nullptr && known.open->last)
    plan_->lost(database);
  if (!plan_->kept(database))
    close(known);
  known.shown.kept = known.open != nullptr;
}

void visitor_state::close(watched& known) {
  known.shown.kept = false;
  if (known.open == nullptr)
    return;
  plan_->lost(known.shown.name);
  if (known.open->link != nullptr)
    see_off(*known.open);
  known.open.reset();
}

// What the server has not ended yet counts: for a role with two sessions the next visit would be
// one too many.
void visitor_state::see_off(visit& open) {
  if (auto socket = open.link->socket(); socket >= 0)
    arguments_.context->sockets->forget(socket);
  auto socket = open.link->leave();
  if (socket < 0)
    return;
  plan_->leaving();
  auto number = numbers_.fresh();
  leaving_.emplace(number, farewell{socket, std::move(open.right)});
  arguments_.context->sockets->watch(socket, epoll_events(interest::read), self_, number);
  self_->delayed_send(self_, farewell_limit, caf::timeout_atom_v, number);
}

void visitor_state::on_farewell(uint64_t number, bool in_time) {
  auto i = leaving_.find(number);
  if (i == leaving_.end())
    return;
  auto socket = i->second.socket;
  if (in_time && !has_ended(socket)) {
    arguments_.context->sockets->watch(socket, epoll_events(interest::read), self_, number);
    return;
  }
  arguments_.context->sockets->forget(socket);
  ::close(socket);
  leaving_.erase(i);
  plan_->left();
  pump();
}

void visitor_state::close_all() {
  for (auto& [database, known] : databases_)
    close(known);
}

void visitor_state::close_idle() {
  for (auto& [database, known] : databases_)
    if (known.open != nullptr && known.open->at == visit::stage::idle)
      close(known);
}

void visitor_state::forget(const std::string& database) {
  auto i = databases_.find(database);
  if (i == databases_.end())
    return;
  close(i->second);
  hide(database, i->second);
  databases_.erase(i);
}

void visitor_state::drop_stale() {
  for (auto& [database, known] : databases_)
    if (known.shown.series > 0 && plan_->stale(database, now())) {
      hide(database, known);
      show();
    }
}

void visitor_state::hide(const std::string& database, watched& known) {
  known.shown.series = 0;
  self_->send(arguments_.registry, database_samples{.life = arguments_.life, .database = database});
}

void visitor_state::show() {
  auto result = std::make_shared<database_report>();
  result->excluded = plan_->excluded();
  result->beyond_max = plan_->beyond_max();
  auto before = arguments_.metrics->databases.load(std::memory_order_acquire);
  size_t i = 0;
  for (const auto& [database, known] : databases_) {
    // Most are as they were.
    while (before != nullptr && i < before->watched.size() && before->watched[i]->name < database)
      ++i;
    auto same =
      before != nullptr && i < before->watched.size() && *before->watched[i] == known.shown;
    result->watched.push_back(same ? before->watched[i]
                                   : std::make_shared<const database_state>(known.shown));
  }
  arguments_.metrics->databases.store(std::move(result), std::memory_order_release);
}

void visitor_state::arm_tick() {
  // What is stale is looked for as often as anything is visited.
  auto next = now() + interval();
  if (auto due = plan_->due(); due && server_ && !arguments_.metrics->paused)
    next = std::clamp(*due, now(), next);
  self_->scheduled_send(self_, next, caf::tick_atom_v, tick_.renew());
}

void visitor_state::on_tick(uint64_t number) {
  if (tick_.is(number))
    pump();
}

visitor_actor::behavior_type visitor(observed_ptr<visitor_actor, visitor_state> self,
                                     visitor_arguments arguments) {
  self->is_for(arguments.target.name);
  self->state.start(std::move(arguments));
  return {
    [self](const server_seen& x) { self->state.learn(x); },
    [self](const session_order& order) { self->state.obey(order); },
    [self](const reconfigured& x) { self->state.reconfigure(x.value); },
    [self](const backend_changed& x) { self->state.follow(x.value); },
    [self](const socket_ready& x) { self->state.on_socket(x); },
    [self](caf::timeout_atom, uint64_t number) { self->state.on_timer(number); },
    [self](caf::tick_atom, uint64_t number) { self->state.on_tick(number); },
  };
}

} // namespace pgstatsmon
