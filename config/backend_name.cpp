// Names, from the one that is wished for to those that nobody else can have.
#include "config/backend_name.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

std::string server_of(const name_wish& x) {
  return address_and_port(x.address, x.port);
}

std::string with_database(const name_wish& x) {
  return fmt::format("{}/{}", x.name, x.database);
}

std::string with_server(const name_wish& x) {
  return fmt::format("{}@{}", x.name, server_of(x));
}

std::string with_id(const name_wish& x) {
  return fmt::format("{}@{}", x.name, x.id);
}

} // namespace

std::string address_and_port(std::string_view address, uint16_t port) {
  return address.find(':') == std::string_view::npos ? fmt::format("{}:{}", address, port)
                                                     : fmt::format("[{}]:{}", address, port);
}

std::string backend_names::give(const name_wish& x) {
  const place here{server_of(x), std::string{x.database}};
  auto take = [&](const std::string& name) { return taken_.emplace(name, here).second; };
  std::string name{x.name};
  if (take(name))
    return name;
  const auto& first = taken_.find(x.name)->second;
  auto same_server = first.server == here.server && first.database != here.database;
  name = same_server ? with_database(x) : with_server(x);
  if (take(name))
    return name;
  name = fmt::format("{}/{}", with_server(x), x.database);
  for (size_t attempt = 2; !take(name); ++attempt)
    name = attempt == 2 ? with_id(x) : fmt::format("{}#{}", with_id(x), attempt);
  return name;
}

void backend_names::keep(const std::string& name, const name_wish& x) {
  taken_.emplace(name, place{server_of(x), std::string{x.database}});
}

bool backend_names::could_be(std::string_view name, const name_wish& x) {
  return name == x.name || name == with_database(x) || name == with_server(x)
         || name == fmt::format("{}/{}", with_server(x), x.database)
         || name.starts_with(with_id(x));
}

} // namespace pgstatsmon
