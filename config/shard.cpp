// A number, or where the name of it comes from.
#include "config/shard.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace pgstatsmon {

namespace {

constexpr uint32_t most_shards = 1000;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::optional<uint32_t> parse_index(const value& x) {
  auto name = named_at_start(x.node().text);
  if (!name)
    return integer<uint32_t>(0, most_shards - 1)(x);
  auto result = ordinal_of(*name);
  if (!result)
    x.complain(fmt::format("stands for '{}', which does not end in a number", *name));
  return result;
}

} // namespace

std::optional<std::string> named_at_start(std::string_view text) {
  if (text == "%i") {
    const auto* instance = std::getenv("PGSTATSMON_INSTANCE");
    return instance == nullptr ? "" : instance;
  }
  return text == "%H" ? std::optional{host_name()} : std::nullopt;
}

std::optional<uint32_t> ordinal_of(std::string_view name) {
  name = name.substr(0, name.find('.'));
  auto digits = name.substr(name.find_last_not_of("0123456789") + 1);
  uint32_t result = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  return digits.empty() || error != std::errc{} ? std::nullopt : std::optional{result};
}

void read_shard(const value& self, shard_settings& to) {
  if (!self.given() && !self.run().describing)
    return;
  fields s{self};
  s.get("of").require(to.of, "how many daemons share the fleet", integer<uint32_t>(1, most_shards));
  auto index = s.get("index");
  index.require(to.index, "which of them this one is, counted from 0", parse_index);
  if (to.index >= to.of)
    index.complain(
      fmt::format("is {}, expected less than of, {}: they are counted from 0", to.index, to.of));
}

} // namespace pgstatsmon
