// Options of daemons that share a fleet.
#pragma once

#include "config/connect_parameters.hpp"
#include "config/etcd_settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace pgstatsmon {

using std::chrono::milliseconds;

/// Which part of the fleet this daemon watches.
struct shard_settings {
  uint32_t index = 0; ///< Below `of`.
  uint32_t of = 1;    ///< 1: all of it.

  friend bool operator==(const shard_settings&, const shard_settings&) = default;
};

/// `cluster.postgres`: the PostgreSQL whose rows are leases.
struct lease_rows_settings {
  std::string host;
  uint16_t port = 5432;
  std::string database = "postgres";
  std::string user = "pgstatsmon"; ///< Owns the tables, or may make them.
  std::string password_file{};
  std::string schema = "pgstatsmon";
  connect_parameters parameters{};

  friend bool operator==(const lease_rows_settings&, const lease_rows_settings&) = default;
};

/// `cluster.etcd`: the etcd whose keys are leases.
struct lease_keys_settings {
  etcd_settings how{};                ///< Without endpoints: rows in PostgreSQL are the leases.
  std::string prefix = "/pgstatsmon"; ///< Of all fleets' keys; no slash behind it.

  friend bool operator==(const lease_keys_settings&, const lease_keys_settings&) = default;
};

/// `cluster`: several daemons share a fleet, and say so to an engine.
struct cluster_settings {
  std::string fleet = "pgstatsmon"; ///< Who names the same shares.
  std::string member;               ///< Our name; unique in the fleet.
  std::string advertise;            ///< Where others reach our page: `host:port`.
  double weight = 1;                ///< Of our part; 0.01..100.
  milliseconds ttl{15'000};         ///< Of our lease; 5 s..60 s.
  milliseconds settle{20'000};      ///< Who comes gets nothing before.
  double max_moves = 0.05;          ///< Share of the fleet that moves in an interval.
  bool stop_when_cut_off = false;   ///< `cut_off: stop`.
  lease_keys_settings etcd{};       ///< This, if it has endpoints, or ...
  lease_rows_settings postgres{};   ///< ... this is the engine.

  friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
};

} // namespace pgstatsmon
