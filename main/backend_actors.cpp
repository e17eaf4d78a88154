// A backend's CONNECTION and VISITOR.
#include "main/backend_actors.hpp"

#include "actors/backend/visitor.hpp"

namespace pgstatsmon {

backend_spawner backend_actors(const registry_actor& registry, const context_ptr& context) {
  return
    [registry, context](scheduler_actor::pointer scheduler, const backend& target, incarnation life,
                        const metrics_ptr& metrics, const settings_ptr& options) {
      visitor_actor others;
      if (target.databases.on)
        others = scheduler->spawn(visitor, visitor_arguments{.target = target,
                                                             .life = life,
                                                             .metrics = metrics,
                                                             .registry = registry,
                                                             .options = options,
                                                             .context = context});
      return scheduler->spawn(connection,
                              connection_arguments{.target = target,
                                                   .life = life,
                                                   .metrics = metrics,
                                                   .registry = registry,
                                                   .scheduler = scheduler_actor{scheduler},
                                                   .options = options,
                                                   .context = context,
                                                   .visitor = others});
    };
}

} // namespace pgstatsmon
