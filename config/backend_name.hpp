// The `backend` labels: every backend has a name of its own, whatever its source calls it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// `address:port`, with brackets around an IPv6 address.
std::string address_and_port(std::string_view address, uint16_t port);

/// A backend as far as its name goes.
struct name_wish {
  std::string_view name; ///< As its source calls it.
  std::string_view address;
  uint16_t port = 0;
  std::string_view database;
  std::string_view id; ///< Tells it apart from all others; may be empty where there are no others.
};

/// Names that are taken. The first with a name has it as it is. A later one is `name/database` when
/// the first is another database of the same server, else `name@address:port`; where that is taken,
/// `name@address:port/database`; and then something with its id.
class backend_names {
public:
  /// Gives a backend a name that none has yet.
  std::string give(const name_wish& x);

  /// Takes a name for a backend that has it already.
  void keep(const std::string& name, const name_wish& x);

  /// Whether a name is one that give() could have made of a wish.
  static bool could_be(std::string_view name, const name_wish& x);

private:
  struct place {
    std::string server; // address and port
    std::string database;
  };

  std::map<std::string, place, std::less<>> taken_;
};

} // namespace pgstatsmon
