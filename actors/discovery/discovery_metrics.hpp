// What is counted about discovery; the names and helps of all its metrics stand in the source.
#pragma once

#include "actors/discovery/found.hpp"
#include "actors/discovery/patroni_metrics.hpp"
#include "actors/discovery/source_notes.hpp"
#include "actors/etcd/etcd_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <map>
#include <memory>
#include <string>

namespace pgstatsmon {

/// Why a source could not be asked: the `reason` label of `pgstatsmon_discovery_failures_total`.
enum class source_failure : uint8_t {
  dns,           ///< The host name has no address, or the name service did not answer.
  connect,       ///< Nothing could be connected to.
  timeout,       ///< No answer in time.
  tls,           ///< The TLS handshake failed, or a certificate is not to be trusted.
  network,       ///< The connection broke, or what came was no HTTP.
  status,        ///< An HTTP status that is no success.
  body,          ///< An answer that can't be parsed, or that is not of the expected form.
  too_large,     ///< More than may be read.
  contradiction, ///< An answer that contradicts itself, also when asked again.
  file,          ///< A file that can't be read.
  crash,         ///< The source itself died; it is started again.
};

constexpr std::array<source_failure, 11> all_source_failures{
  source_failure::dns,  source_failure::connect,   source_failure::timeout,
  source_failure::tls,  source_failure::network,   source_failure::status,
  source_failure::body, source_failure::too_large, source_failure::contradiction,
  source_failure::file, source_failure::crash};

/// The label value of a class.
constexpr std::string_view to_string_view(source_failure x) noexcept {
  switch (x) {
  case source_failure::dns: return "dns";
  case source_failure::connect: return "connect";
  case source_failure::timeout: return "timeout";
  case source_failure::tls: return "tls";
  case source_failure::network: return "network";
  case source_failure::status: return "status";
  case source_failure::body: return "body";
  case source_failure::too_large: return "too_large";
  case source_failure::contradiction: return "contradiction";
  case source_failure::file: return "file";
  case source_failure::crash: return "crash";
  }
  return "unknown";
}

/// The metrics of one source, all at zero in the beginning. Any thread may write them.
struct source_metrics {
  prometheus::Gauge& backends;     ///< In the list that is believed.
  prometheus::Gauge& last_success; ///< Unix time of the last good answer, s.
  prometheus::Gauge& from_state;   ///< 1 while the list is the one that state_dir kept.
  prometheus::Gauge& doubted;      ///< 1 while a list waits for the second look.
  prometheus::Counter& added;
  prometheus::Counter& removed;
  prometheus::Histogram& poll_seconds;
  std::array<prometheus::Counter*, all_source_failures.size()> failures{};
  std::array<prometheus::Counter*, all_reject_reasons.size()> rejected{};
  source_notes notes{};               ///< What numbers can't say.
  patroni_metrics* patroni = nullptr; ///< Of all sources; may be null.
  etcd_families* etcd = nullptr;      ///< The same.

  void count(source_failure x) { failures[static_cast<size_t>(x)]->Increment(); }
  void count(reject_reason x) { rejected[static_cast<size_t>(x)]->Increment(); }
};

using source_metrics_ptr = std::shared_ptr<source_metrics>;

/// The families of discovery. Must outlive everyone who holds a source_metrics. Not for use by
/// several threads at once; DISCOVERY alone uses it.
class discovery_metrics {
public:
  /// @param labels Static labels of every series.
  explicit discovery_metrics(prometheus::Registry& registry,
                             const std::map<std::string, std::string>& labels = {});

  /// The metrics of a source; the same ones until it is removed.
  source_metrics_ptr of(const std::string& source);

  /// Of clients of etcd, those of others than sources, too. Any thread may use it.
  etcd_families& etcd() noexcept { return etcd_; }

  /// Takes a source's series from the page. Nobody may write them afterwards.
  void remove(const std::string& source);

private:
  prometheus::Family<prometheus::Gauge>& backends_;
  prometheus::Family<prometheus::Gauge>& last_success_;
  prometheus::Family<prometheus::Gauge>& from_state_;
  prometheus::Family<prometheus::Gauge>& doubted_;
  prometheus::Family<prometheus::Counter>& changes_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Counter>& rejected_;
  prometheus::Family<prometheus::Histogram>& poll_seconds_;
  patroni_metrics patroni_;
  etcd_families etcd_;
  std::map<std::string, source_metrics_ptr> sources_;
};

} // namespace pgstatsmon
