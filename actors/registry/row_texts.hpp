// What people read of a query's rows: the texts that a server gave for them. Pure.
#pragma once

#include "actors/registry/block.hpp"
#include "config/catalogue.hpp"

#include <map>
#include <string>

#include <libpq-fe.h>

namespace pgstatsmon {

/// Takes the answer to query_definition::texts: rows of the query's labels and their text.
section_ptr take_texts(const query_definition& query, const PGresult& rows);

/// By rendered labels, as section::labels() of the query's rows has them.
/// @param from What take_texts() made; may be null.
std::map<std::string, std::string> texts_by_labels(const section* from);

} // namespace pgstatsmon
