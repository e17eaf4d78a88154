// The cluster's number must stay, and neither its raft term nor its revision may fall.
#include "actors/etcd/etcd_identity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

std::string etcd_identity::fault(const etcd_header& x,
                                 const std::optional<etcd_header>& since) const {
  if (x.cluster != known_.cluster)
    return fmt::format("it is of the cluster {:x}, and that before was {:x}", x.cluster,
                       known_.cluster);
  auto ordered = since && since->cluster == x.cluster;
  auto term = ordered ? since->raft_term : known_.raft_term;
  if (x.raft_term < term)
    return fmt::format("its raft term {} is older than {}", x.raft_term, term);
  // One that was made anew with the same names has the same number.
  if (ordered && x.revision != 0 && x.revision < since->revision)
    return fmt::format("its revision {} is older than {}", x.revision, since->revision);
  return {};
}

std::string etcd_identity::judge(const etcd_header& x, const std::optional<etcd_header>& since,
                                 time_point now) {
  if (x.cluster == 0 || x.raft_term == 0)
    return "it does not say which cluster it is of";
  auto what = known_.cluster == 0 ? std::string{} : fault(x, since);
  if (!what.empty() && now - last_ < patience)
    return what;
  auto before = what.empty() ? known_ : etcd_header{};
  known_ = {.cluster = x.cluster,
            .raft_term = std::max(before.raft_term, x.raft_term),
            .revision = std::max(before.revision, x.revision)};
  last_ = now;
  return {};
}

} // namespace pgstatsmon
