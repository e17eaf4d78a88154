// The command line.
#include "main/command_line.hpp"

#include "actors/backend/setup_script.hpp"

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
  auto* file = app.add_option("--config,FILE", result.file, "The configuration file, JSON or YAML");
  auto* check = app.add_flag("--check", result.check,
                             "Validate the file and say what would be watched; exit 0 or 1");
  auto* discover = app.add_flag("--discover", result.discover,
                                "Ask the discovery sources once and print what they say");
  app.add_flag("--json", result.json, "Print JSON (with --discover)")->needs(discover);
  check->excludes(discover);
  std::string server_version = "16";
  auto* setup = app.add_flag("--print-setup");
  setup->description(
    "Print the SQL and the lines of pg_hba.conf that the backends of the file need, for "
    "a DBA to paste");
  setup->excludes(check)->excludes(discover);
  app.add_option("--server-version", server_version, "... on PostgreSQL of this version: 15, 9.6")
    ->type_name("N")
    ->capture_default_str()
    ->needs(setup);
  lint_options definitions;
  auto* lint =
    app.add_option("--lint", definitions.directory,
                   "Look for faults in the query definitions of a directory, or in those "
                   "that are compiled in; exit 0 or 1");
  lint->expected(0, 1)
    ->type_name("[DIR]")
    ->excludes(check)
    ->excludes(discover)
    ->excludes(setup)
    ->excludes(file);
  app
    .add_option("--against", definitions.against,
                "... also on this server, where their SQL is prepared (repeatable)")
    ->type_name("CONNINFO")
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false)
    ->needs(lint);
  console_options console;
  auto* talk = app.add_subcommand("console", "Ask a running daemon, or give it orders: with a "
                                             "command, or at a prompt; 'console help' lists them");
  talk->add_option("--socket", console.socket, "The daemon's console.socket")
    ->capture_default_str();
  talk->add_flag("--json", console.json, "Print JSON");
  talk->prefix_command();
  try {
    app.parse(argc, argv);
    if (talk->parsed()) {
      console.words = talk->remaining();
      result.console = console;
    } else if (lint->count() > 0) {
      result.lint = definitions;
    } else if (result.file.empty()) {
      throw CLI::RequiredError{"FILE"};
    } else if (setup->count() > 0) {
      result.print_setup = parse_server_version(server_version);
      if (!result.print_setup)
        throw CLI::ValidationError{"--server-version", "is no version of PostgreSQL from 9.2 on"};
    }
  } catch (const CLI::ParseError& error) {
    return exit_code{app.exit(error) == 0 ? 0 : usage_error};
  }
  return result;
}

} // namespace pgstatsmon
