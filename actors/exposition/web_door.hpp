// The web configuration in force: what it says, with everything that it names loaded.
#pragma once

#include "actors/exposition/rate_limit.hpp"
#include "actors/exposition/tls.hpp"
#include "actors/exposition/watched_file.hpp"
#include "config/web_config.hpp"

#include <caf/error.hpp>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Immutable, but for the bucket of the rate limit.
struct web_door {
  explicit web_door(web_config x) : config{std::move(x)}, limiter{config.rate_limit} {}

  web_config config;
  std::shared_ptr<const tls_credentials> tls; ///< Null: plain HTTP.
  std::vector<std::string> warnings;          ///< Lines, each with its place.
  mutable rate_limiter limiter;

  /// Whether a client has to prove who it is: with a password, or a certificate that is verified.
  [[nodiscard]] bool asks_who() const noexcept {
    return !config.users.empty() || (config.tls && config.tls->client == client_auth::verify);
  }
};

using web_door_ptr = std::shared_ptr<const web_door>;

/// What came of loading a web configuration.
struct loaded_web_door {
  web_door_ptr door;              ///< Null when there is an error.
  caf::error error;               ///< ec::bad_configuration with every fault, or unreadable_file.
  std::vector<std::string> files; ///< The file and those that it names: a change may mend it.
  std::vector<file_stamp> stamps; ///< Of these, from before they were read.
};

/// Reads a web configuration and all that it names.
/// @param now Unix time: for certificates that ended.
loaded_web_door load_web_door(const std::string& file, std::time_t now);

/// What it asks of clients, for `--check`: a line.
std::string explain(const web_door& x);

/// What is missing where other machines reach the page, a sentence; empty when nothing is.
/// @param x Null: no web configuration.
std::string exposure_warning(const web_door* x);

} // namespace pgstatsmon
