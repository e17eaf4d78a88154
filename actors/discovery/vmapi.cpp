// Asks VMAPI for its VMs.
#include "actors/discovery/vmapi.hpp"

#include "actors/discovery/http_problems.hpp"
#include "actors/discovery/vmapi_body.hpp"
#include "actors/discovery/vmapi_paging.hpp"
#include "actors/http/http_url.hpp"
#include "config/fault.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgstatsmon {

namespace {

constexpr int tries = 3;

using vms_answer = std::variant<std::vector<vm>, source_problem>;

std::optional<uint64_t> count_of(const http_reply& x) {
  auto text = x.header("x-joyent-resource-count");
  uint64_t result = 0;
  if (!text)
    return std::nullopt;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), result);
  if (error != std::errc{} || end != text->data() + text->size())
    return std::nullopt;
  return result;
}

vms_answer ask_for_page(const http_get& get, const std::string& url, const std::stop_token& stop,
                        std::optional<uint64_t>& count) {
  auto answer = get(url, stop);
  if (auto* problem = std::get_if<http_problem>(&answer))
    return problem_of(std::move(*problem));
  const auto& response = std::get<http_reply>(answer);
  if (auto problem = status_problem(response))
    return source_problem{problem->reason, shown(url) + ": " + problem->what};
  auto vms = parse_vms(response.body);
  if (!vms)
    return source_problem{source_failure::body, shown(url) + ": " + context_of(vms.error())};
  count = count_of(response);
  return std::move(*vms);
}

vms_answer ask_for_list(const vmapi_settings& how, const http_get& get,
                        const std::stop_token& stop) {
  vmapi_paging paging{how};
  for (;;) {
    std::optional<uint64_t> count;
    auto page = ask_for_page(get, paging.url(), stop, count);
    if (std::holds_alternative<source_problem>(page))
      return page;
    switch (paging.add(std::move(std::get<std::vector<vm>>(page)), count)) {
    case vmapi_paging::state::more: break;
    case vmapi_paging::state::complete: return std::move(paging.vms());
    case vmapi_paging::state::contradiction:
      return source_problem{source_failure::contradiction,
                            shown(how.http.url) + ": " + paging.problem()};
    }
  }
}

} // namespace

source_answer ask_vmapi(const vmapi_settings& how, const http_get& get,
                        const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    auto answer = ask_for_list(how, get, stop);
    if (auto* vms = std::get_if<std::vector<vm>>(&answer))
      return match(*vms, how);
    auto& problem = std::get<source_problem>(answer);
    if (problem.reason != source_failure::contradiction || attempt == tries)
      return std::move(problem);
  }
}

} // namespace pgstatsmon
