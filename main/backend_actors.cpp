// A backend's QUERY, VISITOR and CONNECTION.
#include "main/backend_actors.hpp"

#include "actors/backend/query.hpp"
#include "actors/backend/visitor.hpp"

namespace pgstatsmon {

backend_spawner backend_actors(const registry_actor& registry, const context_ptr& context) {
  return
    [registry, context](scheduler_actor::pointer scheduler, const backend& target, incarnation life,
                        const metrics_ptr& metrics, const settings_ptr& options) {
      auto results = scheduler->spawn(query, registry, target, life, metrics);
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
                                                   .query = results,
                                                   .scheduler = scheduler_actor{scheduler},
                                                   .options = options,
                                                   .context = context,
                                                   .visitor = others});
    };
}

} // namespace pgstatsmon
