// `pgstatsmon --discover`: asks every source once and shows what came of it.
#include "actors/discovery/discover_once.hpp"

#include "actors/discovery/ask_once.hpp"
#include "actors/discovery/changes.hpp"
#include "actors/discovery/shard.hpp"
#include "config/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <ostream>
#include <vector>

namespace pgstatsmon {

namespace {

std::vector<source_outcome> ask_all(const std::vector<source_spec>& specs) {
  std::vector<std::future<source_outcome>> running;
  running.reserve(specs.size());
  for (const auto& x : specs)
    running.push_back(std::async(std::launch::async, ask_once, std::cref(x)));
  std::vector<source_outcome> result;
  result.reserve(running.size());
  for (auto& x : running)
    result.push_back(x.get());
  return result;
}

/// The backends of all sources, as DISCOVERY would tell the SCHEDULER.
backend_list united(std::vector<source_outcome>& outcomes) {
  backend_list all;
  for (auto& x : outcomes)
    std::move(x.backends.begin(), x.backends.end(), std::back_inserter(all));
  backend_list repeated;
  all = with_unique_ids(std::move(all), repeated);
  for (const auto& x : repeated)
    for (auto& y : outcomes)
      if (y.source == x.source)
        y.rejected.push_back({x.id, reject_reason::duplicate, "another source lists it too"});
  std::vector<renaming> renamed;
  return with_unique_names({}, std::move(all), renamed);
}

template <size_t Columns>
void print_table(const std::vector<std::array<std::string, Columns>>& rows, std::ostream& to) {
  std::array<size_t, Columns> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < Columns; ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i + 1 < Columns; ++i)
      line += fmt::format("{:{}}  ", row[i], widths[i]);
    to << line << row.back() << '\n';
  }
}

std::string shown_labels(const label_list& labels) {
  std::string result;
  for (const auto& [name, value] : labels)
    result += fmt::format("{}{}=\"{}\"", result.empty() ? "" : ",", name, one_line(value));
  return result;
}

/// With the shard that each belongs to, where there are several.
void print_found(const std::vector<std::array<std::string, 6>>& found, const backend_list& backends,
                 uint32_t shards, std::ostream& to) {
  if (shards == 1) {
    print_table(found, to);
    return;
  }
  std::vector<std::array<std::string, 7>> rows;
  for (size_t i = 0; i < found.size(); ++i) {
    auto& row = rows.emplace_back();
    row[0] = i == 0 ? "SHARD" : std::to_string(shard_of(backends[i - 1].id, shards));
    std::ranges::copy(found[i], row.begin() + 1);
  }
  print_table(rows, to);
}

void print(const backend_list& backends, uint32_t shards,
           const std::vector<source_outcome>& outcomes, std::ostream& to) {
  std::vector<std::array<std::string, 6>> found{
    {"SOURCE", "BACKEND", "ADDRESS", "DATABASE", "USER", "LABELS"}};
  for (const auto& x : backends)
    found.push_back({x.source, one_line(x.name), address_and_port(x.address, x.port),
                     one_line(x.database), one_line(x.user), shown_labels(x.labels)});
  std::vector<std::array<std::string, 4>> rejected{{"SOURCE", "REASON", "REJECTED", "BECAUSE"}};
  std::vector<std::array<std::string, 3>> failed{{"SOURCE", "REASON", "FAILED"}};
  for (const auto& x : outcomes) {
    for (const auto& y : x.rejected)
      rejected.push_back(
        {x.source, std::string{to_string_view(y.reason)}, one_line(y.what), one_line(y.detail)});
    if (x.problem)
      failed.push_back(
        {x.source, std::string{to_string_view(x.problem->reason)}, one_line(x.problem->what)});
  }
  print_found(found, backends, shards, to);
  if (rejected.size() > 1)
    print_table(rejected, to << '\n');
  if (failed.size() > 1)
    print_table(failed, to << '\n');
  to << fmt::format("\n{}, {} rejected, {} of {} failed\n", counted(found.size() - 1, "backend"),
                    rejected.size() - 1, failed.size() - 1, counted(outcomes.size(), "source"));
}

void print_json(const backend_list& backends, uint32_t shards,
                const std::vector<source_outcome>& outcomes, std::ostream& to) {
  using nlohmann::json;
  json root{{"backends", json::array()}, {"rejected", json::array()}, {"failed", json::array()}};
  for (const auto& x : backends) {
    json labels = json::object();
    for (const auto& [name, value] : x.labels)
      labels[name] = value;
    root["backends"].push_back({{"shard", shard_of(x.id, shards)},
                                {"source", x.source},
                                {"id", x.id},
                                {"name", x.name},
                                {"address", x.address},
                                {"port", x.port},
                                {"database", x.database},
                                {"user", x.user},
                                {"labels", std::move(labels)}});
  }
  for (const auto& x : outcomes) {
    for (const auto& y : x.rejected)
      root["rejected"].push_back({{"source", x.source},
                                  {"what", y.what},
                                  {"reason", to_string_view(y.reason)},
                                  {"because", y.detail}});
    if (x.problem)
      root["failed"].push_back({{"source", x.source},
                                {"reason", to_string_view(x.problem->reason)},
                                {"because", x.problem->what}});
  }
  to << root.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

} // namespace

int run_discover(const settings& x, const catalogue& queries, bool json, std::ostream& to) {
  auto specs = source_specs(x, &queries);
  auto outcomes = ask_all(specs);
  auto backends = united(outcomes);
  json ? print_json(backends, x.shard.of, outcomes, to) : print(backends, x.shard.of, outcomes, to);
  auto failed = [](const source_outcome& y) { return y.problem.has_value(); };
  return std::any_of(outcomes.begin(), outcomes.end(), failed) ? 1 : 0;
}

} // namespace pgstatsmon
