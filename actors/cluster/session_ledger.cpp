// Counting.
#include "actors/cluster/session_ledger.hpp"

#include <utility>

namespace pgstatsmon {

void session_ledger::listen(listener x) {
  std::lock_guard guard{mutex_};
  listener_ = std::move(x);
}

void session_ledger::begin(const std::string& id) {
  std::lock_guard guard{mutex_};
  ++running_[id];
}

void session_ledger::end(const std::string& id) {
  std::lock_guard guard{mutex_};
  auto i = running_.find(id);
  if (i == running_.end() || --i->second > 0)
    return;
  running_.erase(i);
  if (listener_)
    listener_(id);
}

bool session_ledger::runs(const std::string& id) const {
  std::lock_guard guard{mutex_};
  return running_.contains(id);
}

} // namespace pgstatsmon
