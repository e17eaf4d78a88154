// `tables`: which tables are shown, for all, of a source or of one backend. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "messages/collect.hpp"

#include <string>
#include <string_view>

namespace pgstatsmon {

/// Reads a `tables`.
void read_tables(const value& self, table_settings& x);

/// What holds where a narrower place has something to say as well.
table_rules narrowed(table_rules wider, const table_settings& narrower);

/// The SQL with a condition in place of each `{tables ALIAS}`, where ALIAS is a row of pg_class:
/// whether the rules show this table, view, index or sequence. It needs `search_path` to be
/// `pg_catalog`, and reads pg_class once more where there are rules; without, it is `true`.
std::string with_tables(std::string_view sql, const table_rules& rules);

} // namespace pgstatsmon
