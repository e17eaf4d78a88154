// From a block to the vital signs. Pure.
#pragma once

#include "actors/registry/block.hpp"
#include "messages/vital_signs.hpp"

namespace pgstatsmon {

/// Reads the signs that the block's catalogue knows, without allocating. A sign is unknown where no
/// query of it has an answer in the block, or where no row that counts has a value and the
/// definition does not say what it is then. Time and duration of the result are left as they are.
/// @param before The backend's block before this one: what both share is not fresh. Null: none.
vital_reading read_vitals(const block& of, const block* before) noexcept;

} // namespace pgstatsmon
