// The catalogue's own few functions; reading definitions is parse_catalogue's.
#include "config/catalogue.hpp"

namespace pgstatsmon {

catalogue::catalogue(std::vector<query_definition> queries) : queries_{std::move(queries)} {
  for (const auto& x : queries_)
    families_ += x.metrics.size();
}

} // namespace pgstatsmon
