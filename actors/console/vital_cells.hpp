// Vital signs for people: numbers that compare at a glance, and charts of a line.
#pragma once

#include "actors/console/report.hpp"
#include "messages/vital_signs.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// `0`, `3.5`, `12`, `1.2k`, `45M`: four characters up to a quadrillion. NaN is none().
cell short_number(double x);

/// `0`, `0.3s`, `12s`, `5m`, `3h`, `9d`: four characters up to a thousand days. NaN is none().
cell short_seconds(double x);

/// The same of a poll: below a second `0.4ms`, `45ms`.
cell short_poll(caf::timespan x);

/// A sign's number with its unit. NaN is none().
cell vital_cell(vital_unit unit, double x);

/// A number for JSON, with six digits; null for NaN.
nlohmann::ordered_json json_number(double x);

/// A chart from 0 to the largest value, one character each; blank where it is NaN.
std::string sparkline(const std::vector<double>& values);

} // namespace pgstatsmon
