// Two lists of backends become what must be removed and added.
#include "actors/discovery/changes.hpp"

#include "actors/discovery/found.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace pgstatsmon {

namespace {

using index_by_id = std::unordered_map<std::string_view, const backend*>;

index_by_id index(const backend_list& xs) {
  index_by_id result;
  result.reserve(xs.size());
  for (const auto& x : xs)
    result.emplace(x.id, &x);
  return result;
}

/// The names that a backend may get, best first; never ends.
std::string candidate(const backend& x, size_t attempt) {
  switch (attempt) {
  case 0: return x.name;
  case 1: return x.name + '@' + address_and_port(x.address, x.port);
  case 2: return x.name + '@' + x.id;
  default: return fmt::format("{}@{}#{}", x.name, x.id, attempt);
  }
}

/// Whether a live backend's name was made from the name that its source gives it now.
bool stems_from(const backend& live, const backend& wanted) {
  return live.name == wanted.name || live.name == candidate(wanted, 1)
         || live.name.starts_with(candidate(wanted, 2));
}

} // namespace

list_changes changes(const backend_list& live, const backend_list& wanted) {
  list_changes result;
  auto before = index(live);
  auto after = index(wanted);
  for (const auto& x : live) {
    auto i = after.find(x.id);
    if (i == after.end() || *i->second != x)
      result.removed.push_back({x.id});
  }
  for (const auto& x : wanted) {
    auto i = before.find(x.id);
    if (i == before.end() || *i->second != x)
      result.added.push_back({x});
  }
  return result;
}

backend_list with_unique_ids(backend_list xs, backend_list& repeated) {
  backend_list result;
  result.reserve(xs.size());
  std::unordered_set<std::string> seen;
  for (auto& x : xs)
    (seen.insert(x.id).second ? result : repeated).push_back(std::move(x));
  return result;
}

backend_list with_unique_names(const backend_list& live, backend_list wanted,
                               std::vector<renaming>& renamed) {
  auto known = index(live);
  std::unordered_set<std::string> taken;
  std::vector<backend*> newcomers;
  for (auto& x : wanted) {
    auto i = known.find(x.id);
    if (i != known.end() && stems_from(*i->second, x)) {
      x.name = i->second->name;
      taken.insert(x.name);
    } else {
      newcomers.push_back(&x);
    }
  }
  for (auto* x : newcomers) {
    size_t attempt = 0;
    auto name = candidate(*x, attempt);
    while (!taken.insert(name).second)
      name = candidate(*x, ++attempt);
    if (attempt > 0)
      renamed.push_back({x->id, x->name, name});
    x->name = std::move(name);
  }
  return wanted;
}

} // namespace pgstatsmon
