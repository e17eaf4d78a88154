// Two lists of backends become what must be removed and added.
#include "actors/discovery/changes.hpp"

#include "config/backend_name.hpp"

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

name_wish wish_of(const backend& x) {
  return {x.name, x.address, x.port, x.database, x.id};
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
  backend_names names;
  std::vector<backend*> newcomers;
  for (auto& x : wanted) {
    auto i = known.find(x.id);
    if (i != known.end() && backend_names::could_be(i->second->name, wish_of(x))) {
      x.name = i->second->name;
      names.keep(x.name, wish_of(x));
    } else {
      newcomers.push_back(&x);
    }
  }
  for (auto* x : newcomers) {
    auto name = names.give(wish_of(*x));
    if (name != x->name)
      renamed.push_back({x->id, x->name, name});
    x->name = std::move(name);
  }
  return wanted;
}

} // namespace pgstatsmon
