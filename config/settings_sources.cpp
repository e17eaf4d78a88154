// The discovery sources, and which of them are asked.
#include "config/source_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pgstatsmon {

namespace {

void read_vmapi(const value& self, vmapi_settings& x, const settings& all, source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  read_http(s, x.http, parse_base_url);
  read_poll_interval(s, x.poll_interval);
  {
    fields tags{s.get("tags")};
    tags.get("vm_tag_name").require(x.tag_name, "the name of a tag", parse_word);
    tags.get("vm_tag_value").require(x.tag_value, "a value, * matches anything", parse_word);
    tags.get("nic_tag").require(x.nic_tag, "a regular expression", parse_regex);
  }
  auto own_roles = s.get("roles");
  read_roles(own_roles, x.roles);
  x.roles.insert(all.roles.begin(), all.roles.end());
  read_labelled_backends(s, x, all.connections.guards);
  if (x.kind == backend_kind::pgbouncer)
    refuse(own_roles, "names databases of PostgreSQL servers");
  read_shrink(s.get("shrink"), x.shrink);
}

void read_file_source(const value& self, file_source_settings& x, const settings& all,
                      source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  s.get("path").require(x.path, "the path of a list of backends", parse_file);
  read_labelled_backends(s, x, all.connections.guards);
}

void read_http_sd(const value& self, http_sd_settings& x, const settings& all,
                  source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  read_http(s, x.http, parse_url);
  read_poll_interval(s, x.poll_interval);
  read_labelled_backends(s, x, all.connections.guards);
  read_shrink(s.get("shrink"), x.shrink);
}

void read_dns(const value& self, dns_settings& x, const settings& all, source_names& names) {
  using record = dns_settings::record;
  fields s{self};
  read_name(s, self, x.name, names);
  auto list = s.get("names");
  list.describe();
  list.each([&](const value& item) {
    std::string name;
    if (item.given())
      item.read(name, parse_host);
    if (std::ranges::find(x.names, name) != x.names.end())
      item.complain("is given twice");
    else if (!name.empty())
      x.names.push_back(std::move(name));
  });
  s.get("type").read(x.type, choice<record>({{"srv", record::srv}, {"a", record::a}}));
  s.get("server").read(x.server, parse_name_server);
  read_poll_interval(s, x.poll_interval);
  read_labelled_backends(s, x, all.connections.guards);
  read_shrink(s.get("shrink"), x.shrink);
}

/// Reads every entry of a kind of source.
/// @param key Which of its options somebody means who gives no object.
template <class T, class Read>
void read_each(const value& self, std::string_view key, std::vector<T>& sources, const Read& read) {
  if (self.given() && self.node().type == document_node::kind::string)
    // Not as it stands there: it may have a secret in it.
    return self.complain(fmt::format("is a string, expected an object: {{{}: ...}}", key));
  self.each_or_one([&](const value& item) { read(item, sources.emplace_back()); });
}

} // namespace

void read_sources(const value& root, fields& top, settings& x) {
  bool both = false;
  top.get("discovery").read(both, choice<bool>({{"auto", false}, {"both", true}}));
  auto roles = top.get("roles");
  read_roles(roles, x.roles);
  auto fixed = top.get("static");
  read_static(fixed, x);
  source_names names{{"static", "the static list"}};
  bool any = fixed.given();
  auto get = [&](std::string_view key) {
    auto result = top.get(key);
    any = any || (result.given() && result.node().type != document_node::kind::null);
    return result;
  };
  read_each(get("vmapi"), "url", x.vmapi,
            [&](const value& y, vmapi_settings& z) { read_vmapi(y, z, x, names); });
  read_each(get("file"), "path", x.files,
            [&](const value& y, file_source_settings& z) { read_file_source(y, z, x, names); });
  read_each(get("http_sd"), "url", x.http_sd,
            [&](const value& y, http_sd_settings& z) { read_http_sd(y, z, x, names); });
  read_each(get("dns"), "names", x.dns,
            [&](const value& y, dns_settings& z) { read_dns(y, z, x, names); });
  read_each(get("patroni"), "etcd", x.patroni,
            [&](const value& y, patroni_settings& z) { read_patroni(y, z, x, names); });
  if (fixed.given() && !x.vmapi.empty() && !both) {
    fixed.warn("is ignored because vmapi is given: discovery: both uses the two");
    x.static_backends.clear();
  }
  if (!any)
    root.complain("names no discovery source, expected static, vmapi, file, http_sd, dns or "
                  "patroni");
}

} // namespace pgstatsmon
