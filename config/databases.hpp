// `databases`: which databases of a server are watched, for all, of a source or of one backend.
// Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "messages/databases.hpp"

#include <regex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Reads `databases`: an object switches them on, false or null off.
void read_databases(const value& self, database_settings& x);

/// What holds where a narrower place has something to say as well.
database_rules narrowed(database_rules wider, const database_settings& narrower);

/// Whether a configuration switches them on for anybody.
bool watches_databases(const settings& x);

/// Sessions of ours that a server has at most: the backend's own, those that are kept, visits.
uint32_t sessions_of(const database_rules& x);

/// Chooses databases by their names.
class database_filter {
public:
  /// Expressions that are none match nothing.
  explicit database_filter(const database_rules& rules);

  /// Whether it is watched. The databases that clouds keep for themselves never are.
  [[nodiscard]] bool takes(const std::string& name) const;

private:
  bool all_ = false;
  std::vector<std::regex> include_;
  std::vector<std::regex> exclude_;
};

} // namespace pgstatsmon
