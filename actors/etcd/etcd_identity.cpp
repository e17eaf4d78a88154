// The cluster's number must stay, and the raft term must not fall.
#include "actors/etcd/etcd_identity.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

std::string etcd_identity::judge(const etcd_header& x, time_point now) {
  if (x.cluster == 0 || x.raft_term == 0)
    return "it does not say which cluster it is of";
  auto same = x.cluster == known_.cluster && x.raft_term >= known_.raft_term;
  if (!same && known_.cluster != 0 && now - last_ < patience)
    return x.cluster != known_.cluster
             ? fmt::format("it is of the cluster {:x}, and that before was {:x}", x.cluster,
                           known_.cluster)
             : fmt::format("its raft term {} is older than {}", x.raft_term, known_.raft_term);
  known_ = x;
  last_ = now;
  return {};
}

} // namespace pgstatsmon
