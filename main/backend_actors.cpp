// A backend's CONNECTION and VISITOR.
#include "main/backend_actors.hpp"

#include "actors/backend/visitor.hpp"

#include <caf/actor_cast.hpp>

namespace pgstatsmon {

namespace {

/// Notes an actor of a backend and its end.
template <class Handle>
Handle noted(Handle x, const std::shared_ptr<session_ledger>& ledger, const std::string& id) {
  if (ledger != nullptr) {
    ledger->begin(id);
    caf::actor_cast<caf::abstract_actor*>(x)->attach_functor(
      [ledger, id](const caf::error&) { ledger->end(id); });
  }
  return x;
}

} // namespace

backend_spawner backend_actors(const registry_actor& registry, const context_ptr& context,
                               const std::shared_ptr<session_ledger>& ledger) {
  return [=](scheduler_actor::pointer scheduler, const backend& target, incarnation life,
             const metrics_ptr& metrics, const settings_ptr& options) {
    visitor_actor others;
    if (target.databases.on)
      others = noted(scheduler->spawn(visitor, visitor_arguments{.target = target,
                                                                 .life = life,
                                                                 .metrics = metrics,
                                                                 .registry = registry,
                                                                 .options = options,
                                                                 .context = context}),
                     ledger, target.id);
    auto own =
      scheduler->spawn(connection, connection_arguments{.target = target,
                                                        .life = life,
                                                        .metrics = metrics,
                                                        .registry = registry,
                                                        .scheduler = scheduler_actor{scheduler},
                                                        .options = options,
                                                        .context = context,
                                                        .visitor = others});
    return noted(std::move(own), ledger, target.id);
  };
}

} // namespace pgstatsmon
