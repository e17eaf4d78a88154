// Two lists of backends become what must be removed and added. Pure.
#pragma once

#include "messages/backend.hpp"

#include <string>
#include <vector>

namespace pgstatsmon {

/// What leads from one list to another; the removals come first.
struct list_changes {
  std::vector<backend_removed> removed;
  std::vector<backend_added> added;
  std::vector<backend_changed> changed;

  friend bool operator==(const list_changes&, const list_changes&) = default;
};

/// Compares by backend::id, which must be unique in each list. A backend goes on when its labels,
/// its source, or how it is let in changed; when anything else did it is removed and added.
list_changes changes(const backend_list& live, const backend_list& wanted);

/// What of two descriptions of one backend differs, for the log: `user a is now b; labels`. Empty
/// when nothing does.
std::string difference(const backend& before, const backend& after);

/// Leaves the first of several backends with one id, in the order given.
/// @param repeated Gets the others.
backend_list with_unique_ids(backend_list xs, backend_list& repeated);

/// A backend that got another name, because its own was taken.
struct renaming {
  std::string id;
  std::string wished;
  std::string given;

  friend bool operator==(const renaming&, const renaming&) = default;
};

/// Gives every backend a name of its own. A live backend keeps the name under which it is known;
/// of the others the first keeps its name and the later ones get one as backend_names gives them.
/// @param live Backends with unique names and ids.
/// @param wanted Backends with unique ids, under the names that their sources give them.
/// @param renamed Gets those that were renamed now, and not before.
backend_list with_unique_names(const backend_list& live, backend_list wanted,
                               std::vector<renaming>& renamed);

} // namespace pgstatsmon
