// From a source's description to what asks it, and to the actor that does so.
#include "actors/discovery/sources.hpp"

#include "actors/discovery/directory_watch.hpp"
#include "actors/discovery/dns.hpp"
#include "actors/discovery/http_problems.hpp"
#include "actors/discovery/patroni.hpp"
#include "actors/discovery/sd_body.hpp"
#include "actors/discovery/vmapi.hpp"
#include "actors/etcd/etcd_client.hpp"
#include "actors/http/http_client.hpp"
#include "actors/http/http_url.hpp"
#include "config/fault.hpp"
#include "config/read_file.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <random>

namespace pgstatsmon {

namespace {

constexpr size_t max_file_bytes = 16 << 20; // what a document may have

/// An http_get that shares one client between its copies, as std::function wants it.
http_get client_for(const http_settings& how) {
  return [client = std::make_shared<http_client>(how)](
           const std::string& url, const std::stop_token& stop) { return client->get(url, stop); };
}

source_answer parsed(std::string_view text, const std::string& name) {
  auto list = parse_backends(text, name);
  if (!list)
    return source_problem{source_failure::body, context_of(list.error())};
  return std::move(*list);
}

source_answer ask_http_sd(const http_sd_settings& how, const http_get& get,
                          const std::stop_token& stop) {
  auto answer = get(how.http.url, stop);
  if (auto* problem = std::get_if<http_problem>(&answer))
    return problem_of(std::move(*problem));
  const auto& response = std::get<http_reply>(answer);
  if (auto problem = status_problem(response))
    return source_problem{problem->reason, shown(how.http.url) + ": " + problem->what};
  return parsed(response.body, shown(how.http.url));
}

source_answer ask_file(const std::string& path) {
  auto text = read_file(path, max_file_bytes + 1);
  if (!text)
    return source_problem{source_failure::file, sentence_of(text.error())};
  if (text->size() > max_file_bytes)
    return source_problem{source_failure::too_large,
                          fmt::format("{} is larger than {} bytes", path, max_file_bytes)};
  return parsed(*text, path);
}

/// Where what Patroni says is shown; may be empty.
using patroni_page = std::function<void(const std::vector<patroni_cluster>&)>;

source_answer shown_and_listed(const patroni_answer& x, const patroni_page& page) {
  if (const auto* problem = std::get_if<source_problem>(&x))
    return *problem;
  const auto& clusters = std::get<std::vector<patroni_cluster>>(x);
  if (page)
    page(clusters);
  return backends_of(clusters);
}

/// Patroni's etcd, asked and watched by one source.
struct patroni_store {
  patroni_store(const patroni_settings& x, patroni_page to, etcd_metrics_ptr metrics)
    : how{x}, page{std::move(to)}, client{x.etcd, std::move(metrics)} {}

  source_answer ask(const std::stop_token& stop) {
    *told = false;
    return shown_and_listed(ask_patroni_etcd(how, client, *memory, stop), page);
  }

  /// A hint is a tick for the source, one until it asks.
  std::shared_ptr<void> watch(const source_actor& source) {
    auto news = [known = memory, prefix = prefix_of(how)](std::string_view key) {
      return known->is_news(key, prefix);
    };
    auto hint = [source, once = told] {
      if (!once->exchange(true))
        caf::anon_send(source, caf::tick_atom_v);
    };
    return client.watch(prefix_of(how), std::move(news), std::move(hint));
  }

  patroni_settings how;
  patroni_page page;
  std::shared_ptr<patroni_memory> memory = std::make_shared<patroni_memory>();
  std::shared_ptr<std::atomic<bool>> told = std::make_shared<std::atomic<bool>>(false);
  etcd_client client;
};

/// What a source of Patroni's does beyond others.
source_tools tools_for(const patroni_settings& x, patroni_page page, etcd_families* metrics) {
  source_tools result;
  if (x.etcd.endpoints.empty()) {
    result.ask = [x, page = std::move(page),
                  last = std::make_shared<patroni_rest_memory>()](const std::stop_token& stop) {
      return shown_and_listed(ask_patroni_rest(x, *last, stop), page);
    };
    return result;
  }
  auto store = std::make_shared<patroni_store>(
    x, std::move(page), metrics != nullptr ? metrics->of("source " + x.name) : etcd_metrics_ptr{});
  result.ask = [store](const std::stop_token& stop) { return store->ask(stop); };
  result.watch = [store](const source_actor& to) { return store->watch(to); };
  return result;
}

struct question {
  source_question operator()(const static_list& x) const {
    return [x](const std::stop_token&) { return found_list{.backends = x.backends}; };
  }

  source_question operator()(const vmapi_settings& x) const {
    return [x, get = client_for(x.http)](const std::stop_token& stop) {
      return ask_vmapi(x, get, stop);
    };
  }

  source_question operator()(const file_source_settings& x) const {
    return [path = x.path](const std::stop_token&) { return ask_file(path); };
  }

  source_question operator()(const http_sd_settings& x) const {
    return [x, get = client_for(x.http)](const std::stop_token& stop) {
      return ask_http_sd(x, get, stop);
    };
  }

  source_question operator()(const dns_settings& x) const {
    return [x, last = std::make_shared<dns_memory>()](const std::stop_token& stop) {
      return ask_dns(x, *last, stop);
    };
  }

  source_question operator()(const patroni_settings& x) const {
    return tools_for(x, {}, nullptr).ask;
  }
};

std::shared_ptr<void> watch(const std::string& path, const source_actor& source) {
  return std::make_shared<directory_watch>(path,
                                           [source] { caf::anon_send(source, caf::tick_atom_v); });
}

} // namespace

source_question question_of(const source_spec& x) {
  return std::visit(question{}, x.how);
}

source_actor start_source(caf::local_actor& parent, source_job job) {
  source_tools tools;
  if (const auto* patroni = std::get_if<patroni_settings>(&job.spec.how))
    tools = tools_for(
      *patroni,
      [metrics = job.metrics, name = job.spec.name](const auto& x) {
        if (metrics->patroni != nullptr)
          metrics->patroni->show(name, x);
      },
      job.metrics->etcd);
  else
    tools.ask = question_of(job.spec);
  tools.random = [engine = std::mt19937_64{std::random_device{}()}]() mutable {
    return std::uniform_real_distribution<>{}(engine);
  };
  if (const auto* file = std::get_if<file_source_settings>(&job.spec.how))
    tools.watch = [path = file->path](const source_actor& x) { return watch(path, x); };
  return parent.spawn<caf::detached>(polling_source, std::move(job), std::move(tools));
}

} // namespace pgstatsmon
