// From a source's description to what asks it, and to the actor that does so.
#include "actors/discovery/sources.hpp"

#include "actors/discovery/directory_watch.hpp"
#include "actors/discovery/dns.hpp"
#include "actors/discovery/http_problems.hpp"
#include "actors/discovery/sd_body.hpp"
#include "actors/discovery/vmapi.hpp"
#include "actors/http/http_client.hpp"
#include "actors/http/http_url.hpp"
#include "config/fault.hpp"
#include "config/read_file.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

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
  tools.ask = question_of(job.spec);
  tools.random = [engine = std::mt19937_64{std::random_device{}()}]() mutable {
    return std::uniform_real_distribution<>{}(engine);
  };
  if (const auto* file = std::get_if<file_source_settings>(&job.spec.how))
    tools.watch = [path = file->path](const source_actor& x) { return watch(path, x); };
  return parent.spawn<caf::detached>(polling_source, std::move(job), std::move(tools));
}

} // namespace pgstatsmon
