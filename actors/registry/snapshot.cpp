// An entry's label text, rendered once for its whole life.
#include "actors/registry/snapshot.hpp"

#include "actors/registry/escape.hpp"

namespace pgstatsmon {

entry::entry(backend known, incarnation number, metrics_ptr counts)
  : value{std::move(known)},
    life{number},
    prefix{render_labels({{"backend", value.name}})},
    suffix{value.labels.empty() ? std::string{} : ',' + render_labels(value.labels)},
    metrics{std::move(counts)} {
  // nop
}

} // namespace pgstatsmon
