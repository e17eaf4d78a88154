// Every family of samples that we make about backends ourselves: the operator's list.
#pragma once

#include "actors/registry/sample_writer.hpp"
#include "config/catalogue.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A family of our own with one or more samples per backend.
struct own_family {
  std::string name;
  std::string_view type; ///< As after `# TYPE name`.
  std::string_view help;

  /// Writes all samples of one backend.
  std::function<void(sample_writer&, const entry&, const shown_blocks&)> write;

  /// Of a backend that was never connected, and with `own_metrics: minimal` of any.
  zeros never_connected = zeros::hidden;

  /// Of backends of one kind alone.
  std::optional<backend_kind> kind{};
};

/// All of them, in the order of the page. Families with a label `query` take the queries and their
/// order from the catalogue, and write nothing for a backend that has another one.
/// @param wanted Which of them there are, and what of them is shown at zero.
std::vector<own_family> own_families(const catalogue_ptr& queries,
                                     own_metrics wanted = own_metrics::contract);

/// Those of them that are about queries, in the order of the page.
std::vector<own_family> query_families(const catalogue_ptr& queries, own_metrics wanted);

/// What a server of this kind is called by people.
std::string_view product_name(backend_kind x) noexcept;

/// A server version as people write it: 150018 is 15.18, 90624 is 9.6.24, 11800 is
/// pgbouncer's 1.18.0; `unknown` for 0.
std::string version_text(int32_t server_version);

} // namespace pgstatsmon
