// The command line.
#include "main/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace pgstatsmon {

namespace {

constexpr int usage_error = 2;

} // namespace

parsed_command_line parse_command_line(int argc, const char* const* argv) {
  command_line result;
  CLI::App app{"Watches fleets of PostgreSQL servers and serves what it sees to Prometheus.",
               "pgstatsmon"};
  app.set_version_flag("--version", "pgstatsmon " PGSTATSMON_VERSION);
  app.add_option("--config,FILE", result.file, "The configuration file, JSON or YAML")->required();
  auto* check = app.add_flag("--check", result.check,
                             "Validate the file and say what would be watched; exit 0 or 1");
  auto* discover = app.add_flag("--discover", result.discover,
                                "Ask the discovery sources once and print what they say");
  app.add_flag("--json", result.json, "Print JSON (with --discover)")->needs(discover);
  check->excludes(discover);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? 0 : usage_error};
  }
  return {result, 0};
}

} // namespace pgstatsmon
