// Each variant is judged alone, for what the poll of one server would choose hides faults that
// another meets: one whose role has fewer rights, or with another setting.
#include "main/lint.hpp"

#include "actors/backend/found_facts.hpp"
#include "actors/backend/plan.hpp"
#include "actors/backend/setup_sql.hpp"
#include "actors/registry/families.hpp"
#include "actors/registry/pivot.hpp"
#include "config/definition.hpp"
#include "config/result_shape.hpp"
#include "config/tables.hpp"
#include "main/lint_session.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <tuple>

namespace pgstatsmon {

namespace {

using definitions = std::vector<located_definition>;

/// How the SQL of all definitions did on one server.
struct tally {
  size_t prepared = 0;
  size_t not_tried = 0; ///< Something that they need is missing.
  size_t elsewhere = 0; ///< For other versions, or for another role.
  size_t faults = 0;
};

bool says_true(const PGresult& of) {
  return PQntuples(&of) == 1 && std::string_view{PQgetvalue(&of, 0, 0)} == "t";
}

catalogue_ptr catalogue_of(const definitions& all) {
  std::vector<query_definition> queries;
  for (const auto& x : all)
    queries.push_back(x.query);
  return std::make_shared<const catalogue>(std::move(queries));
}

/// What a poll would know of the server. Every set is switched on.
caf::expected<plan_facts> facts_of(lint_session& session, const definitions& all) {
  plan_facts result;
  result.version = session.version();
  for (const auto& x : all)
    result.collect.sets.push_back(x.query.set);
  if (session.is_console()) {
    result.kind = backend_kind::pgbouncer;
    result.role = server_role::pgbouncer;
    return result;
  }
  auto standby = session.ask("SELECT pg_catalog.pg_is_in_recovery()");
  if (!standby)
    return std::move(standby.error());
  result.role = says_true(**standby) ? server_role::standby : server_role::primary;
  auto rights = session.ask(rights_query(result.version));
  if (!rights)
    return std::move(rights.error());
  result.functions = setup_is_by_database(result.version) && says_true(**rights);
  auto queries = catalogue_of(all);
  auto question = facts_query(needs_of(*queries), result.version);
  if (question.empty())
    return result;
  auto answers = session.ask(question);
  if (!answers)
    return std::move(answers.error());
  result.found = found_facts{**answers};
  return result;
}

/// Why one variant is not for this server; empty when it is.
std::string left_out(const query_definition& query, size_t variant, const plan_facts& of) {
  auto alone = query;
  alone.variants = {query.variants[variant]};
  return why_left_out(alone, of);
}

/// The columns of what a console shows, which is executed: a number is what looks like one, as a
/// pivot's column has values of any type. Without rows it is what libpq says.
std::vector<result_column> shown_columns(const PGresult& rows) {
  std::vector<result_column> result;
  for (int i = 0; i < PQnfields(&rows); ++i) {
    constexpr Oid text = 25;
    auto number = PQftype(&rows, i) != text;
    if (!number && PQntuples(&rows) > 0) {
      std::string_view cell{PQgetvalue(&rows, 0, i)};
      number = !cell.empty() && cell.find_first_not_of("0123456789.") == std::string_view::npos;
    }
    result.push_back({PQfname(&rows, i), number ? "bigint" : "text"});
  }
  return result;
}

/// Whether what follows is for servers without an extension, or with an older one.
bool asks_for_extension(const sql_variant& x) {
  return std::ranges::any_of(x.needs,
                             [](const need& y) { return y.what == need::kind::extension; });
}

fault at(const fault& place, std::string what) {
  return {place.line, place.column, place.path, std::move(what)};
}

/// Goes through all definitions with one server.
class server_lint {
public:
  server_lint(lint_session& session, plan_facts facts, std::ostream& out, std::ostream& faults)
    : session_{session}, facts_{std::move(facts)}, out_{out}, faults_{faults} {}

  /// An error when the session is lost.
  caf::error run(const definitions& all) {
    for (const auto& x : all) {
      std::vector<fault> found;
      if (auto error = try_query(x, found))
        return error;
      print(x.file, std::move(found));
    }
    fmt::print(out_,
               "{} ({}, {}): {} statements {}, {} not tried, {} for other servers, {} "
               "faults\n",
               session_.name(), version_text(facts_.version), to_string_view(facts_.role),
               tally_.prepared, session_.is_console() ? "executed" : "prepared", tally_.not_tried,
               tally_.elsewhere, tally_.faults);
    return caf::none;
  }

  [[nodiscard]] bool clean() const { return tally_.faults == 0; }

private:
  caf::error try_query(const located_definition& x, std::vector<fault>& found) {
    const auto& variants = x.query.variants;
    auto newest = false; // of what its extensions can be
    for (size_t i = 0; i < variants.size(); ++i) {
      auto why = left_out(x.query, i, facts_);
      if (why.starts_with("needs ")) {
        ++tally_.not_tried;
        auto what = on_server("not tried: " + why);
        fmt::print(out_, "{}\n", to_string(at(x.sql_places[i], what), x.file));
      } else if (!why.empty() || newest) {
        ++tally_.elsewhere;
      } else if (auto error = prepare(x, i, found)) {
        return error;
      } else {
        newest = asks_for_extension(variants[i]);
      }
    }
    return caf::none;
  }

  /// Their columns are the labels and the text.
  caf::error prepare_texts(const located_definition& x, std::vector<fault>& found) {
    auto columns = session_.describe(facts_.found.with_schemas(x.query.texts));
    if (!columns && columns.error() != ec::bad_configuration)
      return std::move(columns.error());
    auto complain = [&](std::string what) { found.push_back(at(x.texts_place, std::move(what))); };
    if (!columns) {
      complain(context_of(columns.error()));
      return caf::none;
    }
    auto wanted = x.query.labels;
    wanted.emplace_back("text");
    for (const auto& name : wanted)
      if (std::ranges::find(*columns, name, &result_column::name) == columns->end())
        complain(fmt::format("gives no column {}", name));
    return caf::none;
  }

  caf::error prepare(const located_definition& x, size_t i, std::vector<fault>& found) {
    ++tally_.prepared;
    if (!x.query.texts.empty())
      if (auto error = prepare_texts(x, found))
        return error;
    auto columns = columns_of(x.query, i);
    if (!columns && columns.error() != ec::bad_configuration)
      return std::move(columns.error());
    if (!columns)
      found.push_back(at(x.sql_places[i], context_of(columns.error())));
    else
      std::ranges::move(shape_faults(x, i, *columns, facts_.version), std::back_inserter(found));
    return caf::none;
  }

  caf::expected<std::vector<result_column>> columns_of(const query_definition& x, size_t i) {
    const auto& sql = x.variants[i].sql;
    if (!session_.is_console())
      // With a rule, so that what stands for tables is part of what the server reads.
      return session_.describe(
        with_tables(facts_.found.with_schemas(sql), {.include = {".*"}, .exclude = {}}));
    auto rows = session_.show(sql);
    if (!rows)
      return std::move(rows.error());
    auto turned = x.pivot ? pivoted(*x.pivot, **rows) : *rows;
    return shown_columns(*turned);
  }

  [[nodiscard]] std::string on_server(std::string_view what) const {
    return fmt::format("{}, on {}", what, session_.name());
  }

  void print(const std::string& file, std::vector<fault> found) {
    tally_.faults += found.size();
    std::ranges::stable_sort(found, {}, [](const fault& x) { return std::tie(x.line, x.column); });
    for (auto& x : found) {
      x.what = on_server(x.what);
      fmt::print(faults_, "{}\n", to_string(x, file));
    }
  }

  lint_session& session_;
  plan_facts facts_;
  std::ostream& out_;
  std::ostream& faults_;
  tally tally_;
};

/// Whether nothing is wrong on one server.
caf::expected<bool> lint_on(const std::string& conninfo, const definitions& all, std::ostream& out,
                            std::ostream& faults) {
  auto session = lint_session::open(conninfo);
  if (!session)
    return std::move(session.error());
  auto facts = facts_of(*session, all);
  if (!facts)
    return std::move(facts.error());
  server_lint one{*session, std::move(*facts), out, faults};
  if (auto error = one.run(all))
    return error;
  return one.clean();
}

} // namespace

int run_lint(const lint_options& options, std::ostream& out, std::ostream& faults) {
  auto all = locate_definitions(options.directory);
  if (!all) {
    fmt::print(faults, "{}\n", context_of(all.error()));
    return EXIT_FAILURE;
  }
  auto queries = catalogue_of(*all);
  fmt::print(out, "{} queries, {} metrics\n", queries->queries().size(), queries->families());
  auto result = EXIT_SUCCESS;
  for (size_t i = 0; i < options.against.size(); ++i) {
    auto clean = lint_on(options.against[i], *all, out, faults);
    // A conninfo may hold a password, so it is not shown.
    if (!clean)
      fmt::print(faults, "--against, server {}: {}\n", i + 1, context_of(clean.error()));
    if (!clean || !*clean)
      result = EXIT_FAILURE;
  }
  return result;
}

} // namespace pgstatsmon
