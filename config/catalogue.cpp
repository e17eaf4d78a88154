// Puts the definitions of several files together.
#include "config/catalogue.hpp"

#include "config/definition.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <system_error>

namespace pgstatsmon {

namespace {

namespace fs = std::filesystem;

using file_list = std::vector<std::pair<std::string, std::string>>;

constexpr size_t max_files = 1000;
constexpr size_t max_file = 1U << 20U;

/// What was read from a file.
struct source {
  std::vector<fault> faults;
  located_definition found;
};

source read_source(const std::string& file, std::string_view text,
                   const std::vector<std::string>& known) {
  source result;
  result.found.file = file;
  auto document = parse_document(text);
  if (document.root == nullptr) {
    result.faults.push_back(std::move(document.problem));
    return result;
  }
  reading run;
  run.known = known;
  value self{run, document.root.get(), {}, document.root.get()};
  if (self.node().type == document_node::kind::object)
    result.found = read_definition(self);
  else
    self.complain_type("an object");
  result.found.file = file;
  result.faults = std::move(run.faults);
  return result;
}

/// Who has which name.
using owner_map = std::map<std::string, std::string>;

/// Takes a name, or reports that something before has it.
bool claim(owner_map& owners, const std::string& name, const fault& place, source& from) {
  if (name.empty() || place.line == 0)
    return true;
  auto here = from.found.file + ':' + std::to_string(place.line);
  auto [first, fresh] = owners.emplace(name, here);
  if (!fresh)
    from.faults.push_back({place.line, place.column, place.path,
                           name + " is taken, " + first->second + " has it already"});
  return fresh;
}

void look_for_clashes(std::vector<source>& sources) {
  owner_map families;
  for (const auto& x : sources)
    for (const auto* suffix : {"", "_bucket", "_count", "_sum"})
      families.emplace(x.found.query.name + "_querytime_ms" + suffix,
                       "the histogram of " + x.found.query.name);
  owner_map queries;
  owner_map signs;
  for (auto& x : sources)
    if (claim(queries, x.found.query.name, x.found.name_place, x)) {
      for (const auto& [family, place] : x.found.families)
        claim(families, family, place, x);
      for (const auto& [sign, place] : x.found.signs)
        claim(signs, sign, place, x);
    }
}

/// Puts each of `own` where one of that name is, or last.
void replace_by_name(std::vector<source>& sources, std::vector<source> own) {
  auto base = sources.size();
  std::set<std::string> replaced; // two of one name are a clash
  for (auto& x : own) {
    auto same_name = [&](const source& y) { return y.found.query.name == x.found.query.name; };
    auto end = sources.begin() + static_cast<std::ptrdiff_t>(base);
    auto i = std::find_if(sources.begin(), end, same_name);
    if (i != end && replaced.insert(x.found.query.name).second)
      *i = std::move(x);
    else
      sources.push_back(std::move(x));
  }
}

/// @param own Definitions that take the place of those of the same name.
caf::expected<std::vector<located_definition>> locate(const file_list& files,
                                                      const file_list& own = {}) {
  auto known = known_definition_keys();
  auto read = [&](const file_list& from) {
    std::vector<source> result;
    for (const auto& [file, text] : from)
      result.push_back(read_source(file, text, known));
    return result;
  };
  auto sources = read(files);
  replace_by_name(sources, read(own));
  look_for_clashes(sources);
  std::string lines;
  std::vector<located_definition> result;
  for (auto& x : sources) {
    if (!x.faults.empty())
      lines +=
        (lines.empty() ? "" : "\n") + context_of(make_error(std::move(x.faults), x.found.file));
    result.push_back(std::move(x.found));
  }
  if (!lines.empty())
    return caf::make_error(ec::bad_configuration, std::move(lines));
  return result;
}

caf::expected<catalogue_ptr> parse(const file_list& files, const file_list& own = {}) {
  auto located = locate(files, own);
  if (!located)
    return std::move(located.error());
  std::vector<query_definition> queries;
  for (auto& x : *located)
    queries.push_back(std::move(x.query));
  return std::make_shared<const catalogue>(std::move(queries));
}

caf::error unreadable(const std::string& path, const std::string& why) {
  return caf::make_error(ec::unreadable_file, path + ": " + why);
}

caf::expected<std::string> read_file(const std::string& path) {
  std::unique_ptr<FILE, decltype(&fclose)> in{fopen(path.c_str(), "re"), fclose};
  std::string text(in == nullptr ? 0 : max_file + 1, '\0');
  if (in != nullptr)
    text.resize(fread(text.data(), 1, text.size(), in.get()));
  if (in == nullptr || ferror(in.get()) != 0)
    return unreadable(path, std::generic_category().message(errno));
  if (text.size() > max_file)
    return unreadable(path, "is longer than " + std::to_string(max_file) + " bytes");
  return text;
}

caf::expected<file_list> read_directory(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator{directory})
    if (entry.path().extension() == ".yaml")
      paths.push_back(entry.path().string());
  if (paths.empty())
    return unreadable(directory, "has no file *.yaml");
  if (paths.size() > max_files)
    return unreadable(directory, "has more than " + std::to_string(max_files) + " files");
  std::ranges::sort(paths);
  file_list files;
  for (auto& path : paths) {
    auto text = read_file(path);
    if (!text)
      return std::move(text.error());
    files.emplace_back(std::move(path), std::move(*text));
  }
  return files;
}

/// What f makes of the files of a directory; whatever is thrown becomes an error.
template <class T, class F>
caf::expected<T> with_files(const std::string& directory, F f) {
  try {
    auto files = read_directory(directory);
    if (!files)
      return std::move(files.error());
    return f(*files);
  } catch (const fs::filesystem_error& e) {
    return unreadable(directory, e.code().message());
  } catch (const std::exception& e) {
    return unreadable(directory, e.what());
  }
}

} // namespace

std::vector<std::string> known_definition_keys() {
  reading run;
  run.describing = true;
  read_definition({run, nullptr, {}, nullptr});
  return std::move(run.options);
}

catalogue::catalogue(std::vector<query_definition> queries, vocabulary words)
  : queries_{std::move(queries)}, words_{words} {
  for (size_t i = 0; i < queries_.size(); ++i) {
    const auto& metrics = queries_[i].metrics;
    families_ += metrics.size();
    for (size_t j = 0; j < metrics.size(); ++j)
      for (const auto& x : metrics[j].vitals)
        vitals_.push_back({i, j, x});
  }
}

bool has_datname(const query_definition& query, bool all_databases) {
  return !query.events
         && (query.datname || (all_databases && query.scope == query_scope::database));
}

std::vector<std::string> label_names(const query_definition& query, bool all_databases) {
  auto result = query.labels;
  if (has_datname(query, all_databases))
    result.insert(result.begin(), "datname");
  for (const auto& x : query.metrics)
    if (x.source == sample_source::state && x.leads)
      result.push_back(x.column);
  return result;
}

catalogue_ptr in_words_of(const catalogue_ptr& queries, vocabulary whose) {
  auto all = queries->queries();
  if (whose == vocabulary::original) {
    std::erase_if(all, [](const auto& x) { return x.set == "exporter"; });
    return std::make_shared<const catalogue>(std::move(all));
  }
  for (auto& query : all) {
    // Ranks are by metrics as they stand, so what is added comes last.
    auto n = query.metrics.size();
    for (size_t i = 0; i < n; ++i) {
      if (!query.metrics[i].exporter)
        continue;
      auto renamed = query.metrics[i];
      renamed.family = renamed.exporter->family;
      renamed.type = renamed.exporter->type;
      renamed.scale = renamed.exporter->scale;
      if (whose == vocabulary::exporter) {
        query.metrics[i] = std::move(renamed);
      } else {
        renamed.vitals.clear(); // they count once
        query.metrics.push_back(std::move(renamed));
      }
    }
    query.datname =
      query.datname || (whose == vocabulary::exporter && query.scope == query_scope::database);
  }
  return std::make_shared<const catalogue>(std::move(all), whose);
}

catalogue_ptr built_in_catalogue() {
  auto result = parse_catalogue(built_in_definitions());
  if (!result)
    throw std::logic_error{"a query that is compiled in is wrong: " + context_of(result.error())};
  return std::move(*result);
}

caf::expected<catalogue_ptr> load_catalogue(const std::string& directory) {
  return with_files<catalogue_ptr>(directory, parse_catalogue);
}

caf::expected<catalogue_ptr> extend_catalogue(const std::string& directory) {
  return with_files<catalogue_ptr>(
    directory, [](const file_list& own) { return parse(built_in_definitions(), own); });
}

caf::expected<std::vector<located_definition>> locate_definitions(const std::string& directory) {
  if (directory.empty())
    return locate(built_in_definitions());
  return with_files<std::vector<located_definition>>(
    directory, [](const file_list& files) { return locate(files); });
}

caf::expected<catalogue_ptr> parse_catalogue(const file_list& files) {
  try {
    return parse(files);
  } catch (const std::exception& e) {
    return caf::make_error(ec::bad_configuration, std::string{e.what()});
  }
}

} // namespace pgstatsmon
