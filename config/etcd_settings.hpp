// Where an etcd is, who asks it, and how long that may take.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// An etcd, as whoever asks it needs to know it.
struct etcd_settings {
  std::vector<std::string> endpoints; ///< URLs without a path; the first that works is asked.
  std::string password_file;          ///< One line `user:password`; empty: no user.
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds request_timeout{
    3000};                      ///< Of one attempt. A call may take two of these.
  std::string ca_file;          ///< PEM; empty: the system's.
  std::string certificate_file; ///< PEM client certificate.
  std::string key_file;         ///< PEM key of the client certificate.
  uint64_t max_body_bytes = 64ull << 20;

  friend bool operator==(const etcd_settings&, const etcd_settings&) = default;
};

} // namespace pgstatsmon
