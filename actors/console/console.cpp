// The CONSOLE's sessions. It runs in the thread of CAF's multiplexer, so no answer holds up a poll.
#include "actors/console/console.hpp"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

#include <sys/socket.h>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

constexpr caf::timespan watch_interval = 1s;

/// What an actor gets to say how it is. One that does not answer is stuck, and that is an answer.
constexpr caf::timespan status_limit = 2s;

/// What a poll by order may take, waiting for its slot included.
constexpr caf::timespan poll_limit = 60s;

constexpr char end_of_answer = '\x04';

/// More than any client's unread input takes.
constexpr int max_rounds = 10'000;

/// Takes a whole line from what has come.
std::optional<std::string> take_line(std::string& from) {
  auto end = from.find('\n');
  if (end == std::string::npos)
    return std::nullopt;
  auto line = from.substr(0, end);
  from.erase(0, end + 1);
  if (line.ends_with('\r'))
    line.pop_back();
  return line;
}

} // namespace

void console_state::open(console_arguments arguments) {
  arguments_ = std::move(arguments);
  door_ = self_->add_doorman(arguments_.socket);
}

void console_state::welcome(caf::io::connection_handle who) {
  if (closed_)
    return; // the next round cuts it
  make_place();
  auto& x = sessions_[who];
  x.handle = who;
  x.number = ++last_number_;
  x.used = self_->clock().now();
  self_->ack_writes(who, true);
  await_input(x);
  self_->configure_read(who, caf::io::receive_policy::at_most(max_line));
}

void console_state::make_place() {
  if (sessions_.size() < max_sessions)
    return;
  auto oldest =
    std::ranges::min_element(sessions_, {}, [](const auto& x) { return x.second.used; });
  cut(oldest->first);
  sessions_.erase(oldest);
}

// Not self_->close(): in a handler of the connection's own messages CAF would go on with what that
// frees, and it waits for clients to take what they asked for and to close their side. So both
// sides are closed for them, and CAF sees that when it reads.
void console_state::cut(caf::io::connection_handle who) {
  shutdown(static_cast<int>(who.id()), SHUT_RDWR);
  self_->trigger(who, 1);
}

caf::result<caf::ok_atom> console_state::close_all() {
  closed_ = self_->make_response_promise<caf::ok_atom>();
  auto promise = *closed_;
  await_round();
  return promise;
}

// What begins and ends for a socket in one round of its loop, CAF joins to nothing, and never frees
// the socket. So each step of the end has a round of its own.
void console_state::await_round() {
  self_->home_system().middleman().backend().post(
    [self = console_actor{self_}] { caf::anon_send(self, caf::flush_atom_v); });
}

void console_state::go_on_closing() {
  if (rounds_ == 0)
    self_->halt(door_);
  // Each round a cut session gives what its client had written, then its end.
  if (rounds_ > 0 && (self_->num_connections() == 0 || rounds_ > max_rounds)) {
    closed_->deliver(caf::ok_atom_v);
    return;
  }
  ++rounds_;
  sessions_.clear();
  for (auto handle : self_->connections())
    cut(handle);
  await_round();
}

void console_state::read(caf::io::connection_handle who, std::string_view bytes) {
  auto i = sessions_.find(who);
  if (i == sessions_.end())
    return;
  auto& x = i->second;
  x.reading = false;
  x.used = self_->clock().now();
  x.input += bytes;
  if (x.input.size() > max_line && x.input.find('\n') == std::string::npos) {
    x.leaving = true;
    say(x, {.text = "error: the line is too long\n", .good = false});
    return;
  }
  if (x.watched && x.input.find('\n') != std::string::npos) {
    x.watched.reset();
    ++x.round;
    take_line(x.input);
    x.owes_end = x.framed;
    if (x.framed && !x.busy)
      say(x, {});
  }
  go_on(x);
}

// One chunk at a time: a client that writes and does not read is not read from.
void console_state::await_input(session& x) {
  if (!std::exchange(x.reading, true))
    self_->trigger(x.handle, 1);
}

void console_state::go_on(session& x) {
  if (x.busy)
    return;
  auto line = x.watched ? std::nullopt : take_line(x.input);
  while (line && line->find_first_not_of(" \t") == std::string::npos)
    line = take_line(x.input);
  if (!line) {
    await_input(x);
    return;
  }
  auto parsed = parse_command(*line);
  if (!parsed) {
    command plain;
    plain.json = line->find("--json") != std::string::npos;
    say(x, show(plain, parsed.error()));
    return;
  }
  x.framed = x.framed || parsed->what == verb::frames;
  x.leaving = parsed->what == verb::quit;
  if (parsed->watch)
    x.watched = *parsed;
  run(x, *parsed);
}

void console_state::run(session& x, const command& what) {
  x.busy = true;
  if (auto at_once = answer_now(what, arguments_.sources, x.stats))
    say(x, *at_once);
  else
    ask(x, what);
}

void console_state::ask(session& x, const command& what) {
  const auto& [socket, sources, scheduler, discovery] = arguments_;
  switch (what.what) {
  case verb::scheduler:
    ask<scheduler_status>(
      x, what, scheduler, status_limit, caf::get_atom_v,
      [what](const scheduler_status& y) { return show(what, scheduler_report(y)); });
    break;
  case verb::discovery:
    ask<discovery_status>(x, what, discovery, status_limit, caf::get_atom_v,
                          [what](const discovery_status& y) {
                            return show(what, discovery_report(y, look_time::now()));
                          });
    break;
  case verb::poll:
    ask<poll_report>(
      x, what, scheduler, poll_limit, poll_order{what.name},
      [what, this](const poll_report& y) { return show_poll(what, y, arguments_.sources); });
    break;
  case verb::locks:
    want_look(what, arguments_.sources);
    ask<poll_report>(
      x, what, scheduler, poll_limit, poll_order{what.name},
      [what, this](const poll_report& y) { return show_locks(what, y, arguments_.sources); });
    break;
  case verb::pause:
    ask<uint64_t>(x, what, scheduler, status_limit,
                  pause_order{what.name, what.span, what.disconnect},
                  [what](uint64_t n) { return show_count(what, n); });
    break;
  case verb::resume:
    ask<uint64_t>(x, what, scheduler, status_limit, resume_order{what.name},
                  [what](uint64_t n) { return show_count(what, n); });
    break;
  default: say(x, {}); // answer_now() has answered all others
  }
}

template <class Reply, class Handle, class Order, class Show>
void console_state::ask(session& x, const command& what, const Handle& whom, caf::timespan limit,
                        Order order, Show show_it) {
  self_->request(whom, limit, std::move(order))
    .then([this, number = x.number, show_it](const Reply& y) { say_to(number, show_it(y)); },
          [this, number = x.number, what](const caf::error& error) {
            auto silent = error == caf::sec::request_timeout;
            say_to(number, show(what, silent ? caf::make_error(
                                        ec::timeout, std::string{"no answer in time: the actor "
                                                                 "is stuck, see 'actors'"})
                                             : error));
          });
}

void console_state::say_to(uint64_t number, const answer& what) {
  if (auto* x = find(number))
    say(*x, what);
}

void console_state::say(session& x, const answer& what) {
  x.busy = true;
  auto text = what.text;
  if (x.watched)
    text += "\f\n";
  else if (x.framed)
    text += std::string{end_of_answer} + (what.good ? "ok\n" : "error\n");
  x.owes_end = x.owes_end && x.watched;
  if (text.empty()) {
    written(x.handle, 0);
    return;
  }
  self_->write(x.handle, text.size(), text.data());
  self_->flush(x.handle);
}

void console_state::written(caf::io::connection_handle who, uint64_t remaining) {
  auto i = sessions_.find(who);
  if (i == sessions_.end() || remaining > 0)
    return;
  auto& x = i->second;
  x.busy = false;
  if (x.leaving) {
    cut(who);
    sessions_.erase(i);
    return;
  }
  if (x.owes_end) {
    say(x, {});
    return;
  }
  if (x.watched)
    self_->delayed_send(self_, watch_interval, caf::tick_atom_v, x.number, x.round);
  go_on(x);
}

void console_state::look_again(uint64_t number, uint64_t round) {
  auto* x = find(number);
  if (x != nullptr && x->watched && x->round == round && !x->busy)
    run(*x, *x->watched);
}

void console_state::gone(caf::io::connection_handle who) {
  sessions_.erase(who);
}

console_state::session* console_state::find(uint64_t number) {
  auto i = std::ranges::find(sessions_, number, [](const auto& x) { return x.second.number; });
  return i == sessions_.end() ? nullptr : &i->second;
}

console_actor::behavior_type console(observed_broker_ptr<console_actor, console_state> self,
                                     console_arguments arguments) {
  self->state.open(std::move(arguments));
  return {
    [self](const caf::io::new_connection_msg& x) { self->state.welcome(x.handle); },
    [self](const caf::io::new_data_msg& x) {
      self->state.read(x.handle, {x.buf.data(), x.buf.size()});
    },
    [self](const caf::io::data_transferred_msg& x) { self->state.written(x.handle, x.remaining); },
    [](const caf::io::connection_passivated_msg&) { /* it reads again when it wants to */ },
    [self](const caf::io::connection_closed_msg& x) { self->state.gone(x.handle); },
    [](const caf::io::acceptor_closed_msg&) { /* the daemon ends */ },
    [self](caf::close_atom) { return self->state.close_all(); },
    [self](caf::flush_atom) { self->state.go_on_closing(); },
    [self](caf::tick_atom, uint64_t number, uint64_t round) {
      self->state.look_again(number, round);
    },
  };
}

} // namespace pgstatsmon
