// The cluster's number must stay, and neither its raft term nor its revision may fall.
#include "actors/etcd/etcd_identity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

std::string etcd_identity::fault(const etcd_header& x, bool ordered) const {
  if (x.cluster != known_.cluster)
    return fmt::format("it is of the cluster {:x}, and that before was {:x}", x.cluster,
                       known_.cluster);
  if (x.raft_term < known_.raft_term)
    return fmt::format("its raft term {} is older than {}", x.raft_term, known_.raft_term);
  // One that was made anew with the same names has the same number.
  if (ordered && x.revision != 0 && x.revision < known_.revision)
    return fmt::format("its revision {} is older than {}", x.revision, known_.revision);
  return {};
}

std::string etcd_identity::judge(const etcd_header& x, bool ordered, time_point now) {
  if (x.cluster == 0 || x.raft_term == 0)
    return "it does not say which cluster it is of";
  auto what = known_.cluster == 0 ? std::string{} : fault(x, ordered);
  if (!what.empty() && now - last_ < patience)
    return what;
  auto newest = what.empty() ? std::max(known_.revision, x.revision) : x.revision;
  known_ = x;
  known_.revision = newest;
  last_ = now;
  return {};
}

} // namespace pgstatsmon
