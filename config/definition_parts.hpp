// The parts of a query definition, each read by a function of its own.
#pragma once

#include "config/definition.hpp"
#include "config/values.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A word that can be part of a metric's name, and a label's.
std::optional<std::string> parse_name(const value& x);

/// The name of a label that no series has already.
std::optional<std::string> parse_label(const value& x);

/// first, min, max or sum.
std::optional<duplicate_rule> parse_rule(const value& x);

/// A major version, as its first `server_version_num`: 9.6 is 90600, 14 is 140000, pgbouncer's 1.18
/// is 11800.
std::optional<int32_t> parse_version(const value& x);

/// Where it stands, without what is wrong.
fault place_of(const value& x);

/// An entry of `metrics`, with as many samples as it makes. Name and labels have been read.
void read_metric(const value& self, duplicate_rule common, located_definition& to);

/// `vital` of a counter or a gauge: one part of a vital sign, or a list (definition_vitals.cpp).
/// Name, kind, scope and labels have been read, and all else of the metric.
void read_vitals(const value& self, metric_definition& x, located_definition& to);

/// `max_rows`, `by`, `rank` and `other`. The metrics have been read.
void read_limit(fields& s, query_definition& x);

/// `replication`. The metrics have been read.
void read_replication(fields& s, query_definition& x);

/// `events`, and what such a query can't have (definition_events.cpp).
/// @returns whether it is given.
bool read_events(fields& s, located_definition& to);

/// `needs`: one, or a list.
void read_needs(const value& self, std::vector<need>& x);

/// A list that must be there and have something in it.
template <class F>
void each_of_some(const value& self, std::string_view expected, F f) {
  if (!self.given() && !self.run().describing)
    self.complain("is missing, expected " + std::string{expected});
  else if (self.given()
           && (self.node().type == document_node::kind::null
               || self.node().type == document_node::kind::list)
           && self.node().items.empty())
    self.complain("is empty, expected " + std::string{expected});
  else
    self.each(f);
}

} // namespace pgstatsmon
