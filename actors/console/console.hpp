// The CONSOLE: introspection over a Unix socket, for people and for `pgstatsmon console`.
#pragma once

#include "actors/console/answers.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"

#include <caf/actor_clock.hpp>
#include <caf/io/accept_handle.hpp>
#include <caf/io/connection_handle.hpp>
#include <caf/io/typed_broker.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// What a CONSOLE works with.
struct console_arguments {
  int socket = -1; ///< Listens already (unix_socket.hpp); the CONSOLE closes it.
  console_sources sources;
  scheduler_actor scheduler;
  discovery_actor discovery;
};

/// A session reads one line after the other: what comes while an answer is made or taken stays in
/// the socket. So nobody makes the daemon keep more than one answer and one line.
///
/// Answers are plain text. After the line `frames`, each ends with a line of the character EOT
/// (004) and `ok` or `error`, so that programs know where it ends; those of `watch`, which go on,
/// are separated by a line with a form feed.
class console_state {
public:
  static constexpr const char* name = "console";

  /// Sessions at once; for one more, the one that has been idle for the longest time is closed.
  static constexpr size_t max_sessions = 16;

  /// A longer line ends its session.
  static constexpr size_t max_line = 4096;

  explicit console_state(console_actor::broker_pointer self) : self_{self} {}

  void open(console_arguments arguments);
  void welcome(caf::io::connection_handle who);
  void read(caf::io::connection_handle who, std::string_view bytes);
  void written(caf::io::connection_handle who, uint64_t remaining);
  void gone(caf::io::connection_handle who);

  /// The daemon ends: nobody can come any more, and no client may hold that up. Answered when CAF
  /// has let go of every socket.
  caf::result<caf::ok_atom> close_all();

  /// A round of CAF's loop is over since close_all().
  void go_on_closing();

  /// A second of a watch is over.
  /// @param round Tells those of an ended watch apart.
  void look_again(uint64_t number, uint64_t round);

private:
  struct session {
    caf::io::connection_handle handle;
    uint64_t number = 0;
    std::string input;    ///< Has come, and is not handled yet.
    bool reading = false; ///< What comes next is awaited.
    bool busy = false;    ///< An answer is being made, or taken by the client.
    bool framed = false;
    bool leaving = false;
    caf::actor_clock::time_point used; ///< When the last line came.
    std::optional<command> watched;
    bool owes_end = false; ///< A framed watch was ended while one of its looks was on its way.
    uint64_t round = 0;    ///< Numbers the watches.
    stat_tables stats;
  };

  session* find(uint64_t number);
  void make_place();
  void await_round();
  void cut(caf::io::connection_handle who);
  void await_input(session& x);
  void go_on(session& x);
  void run(session& x, const command& what);
  void ask(session& x, const command& what);
  template <class Reply, class Handle, class Order, class Show>
  void ask(session& x, const command& what, const Handle& whom, caf::timespan limit, Order order,
           Show show_it);
  void say(session& x, const answer& what);
  void say_to(uint64_t number, const answer& what);

  console_actor::broker_pointer self_;
  console_arguments arguments_;
  std::map<caf::io::connection_handle, session> sessions_;
  caf::io::accept_handle door_;
  uint64_t last_number_ = 0;
  std::optional<caf::typed_response_promise<caf::ok_atom>> closed_; ///< Owed since close_all().
  int rounds_ = 0;                                                  ///< ... of CAF's loop.
};

console_actor::behavior_type console(observed_broker_ptr<console_actor, console_state> self,
                                     console_arguments arguments);

} // namespace pgstatsmon
