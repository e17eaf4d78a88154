// Times that stand below one another, in one unit.
#pragma once

#include "actors/console/report.hpp"

namespace pgstatsmon {

/// Shows the times of each column for times (`column::times`) in one unit, so that they compare at
/// a glance: all in us, in ms or in s, with as many decimals as the shortest needs, down to 1 us. A
/// column with a time of two minutes or more stays as it is. JSON does too. Twice is as once.
void use_one_unit(table& x);

} // namespace pgstatsmon
