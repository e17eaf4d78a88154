// spdlog with our lines.
#include "config/log.hpp"

#include "config/log_sink.hpp"
#include "config/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;
using log_message = spdlog::details::log_msg;

constexpr auto logger_name = "pgstatsmon";
constexpr auto unfiltered_name = "pgstatsmon, whatever the level";
constexpr size_t queue_size = 8192;
constexpr size_t max_message = 16U << 10;

struct level_name {
  std::string_view name;
  char priority; // syslog's
};

// By spdlog's number.
constexpr std::array<level_name, 6> level_names{
  {{"trace", '7'}, {"debug", '7'}, {"info", '6'}, {"warn", '4'}, {"error", '3'}, {"fatal", '2'}}};

const level_name& name_of(level::level_enum x) {
  return level_names.at(std::min<size_t>(x, level_names.size() - 1));
}

void append_time(spdlog::memory_buf_t& to, spdlog::log_clock::time_point x) {
  using namespace std::chrono;
  auto ms = floor<milliseconds>(x);
  auto day = floor<days>(ms);
  year_month_day date{day};
  hh_mm_ss time{ms - day};
  fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count(), time.subseconds().count());
}

void append(spdlog::memory_buf_t& to, std::string_view x) {
  to.append(x.data(), x.data() + x.size());
}

std::shared_ptr<stderr_sink> sink_of(const std::shared_ptr<spdlog::logger>& x) {
  return x == nullptr ? nullptr : std::dynamic_pointer_cast<stderr_sink>(x->sinks().front());
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto form = std::make_shared<line_form>();
  form->journal = is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
  spdlog::init_thread_pool(queue_size, 1);
  auto sink = std::make_shared<stderr_sink>(std::move(form));
  auto logger_of = [&](const char* name) {
    return std::make_shared<spdlog::async_logger>(name, sink, spdlog::thread_pool(),
                                                  spdlog::async_overflow_policy::overrun_oldest);
  };
  auto result = logger_of(logger_name);
  spdlog::set_default_logger(result);
  auto unfiltered = logger_of(unfiltered_name);
  unfiltered->set_level(level::trace);
  spdlog::register_logger(std::move(unfiltered));
  return result;
}

} // namespace

std::optional<level::level_enum> parse_log_level(std::string_view x) noexcept {
  for (size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i].name == x)
      return static_cast<level::level_enum>(i);
  unsigned number = 0;
  auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), number);
  if (error != std::errc{} || end != x.data() + x.size() || number < 10 || number > 60)
    return std::nullopt;
  return static_cast<level::level_enum>((number + 9) / 10 - 1);
}

bool is_journal(const char* journal_stream, int descriptor) noexcept {
  if (journal_stream == nullptr)
    return false;
  std::string_view text{journal_stream};
  const auto* last = text.data() + text.size();
  uint64_t device = 0;
  uint64_t inode = 0;
  auto first_part = std::from_chars(text.data(), last, device);
  if (first_part.ec != std::errc{} || first_part.ptr == last || *first_part.ptr != ':')
    return false;
  auto second_part = std::from_chars(first_part.ptr + 1, last, inode);
  struct stat info {};
  return second_part.ec == std::errc{} && second_part.ptr == last && fstat(descriptor, &info) == 0
         && info.st_dev == device && info.st_ino == inode;
}

line_formatter::line_formatter(std::shared_ptr<const line_form> form) : form_{std::move(form)} {
  // nop
}

void line_formatter::format(const log_message& msg, spdlog::memory_buf_t& to) {
  const auto& [name, priority] = name_of(msg.level);
  auto text = sentence_of(msg);
  auto cut = text.size() > max_message;
  text = text.substr(0, max_message);
  if (form_->journal) {
    to.push_back('<');
    to.push_back(priority);
    to.push_back('>');
  }
  if (form_->format == log_settings::form::json) {
    append(to, R"({"time":")");
    append_time(to, msg.time);
    append(to, R"(","level":")");
    append(to, name);
    append(to, "\"");
    append(to, members_of(msg));
    append(to, R"(,"msg":)");
    nlohmann::json value = std::string{text} + (cut ? "..." : "");
    append(to, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    append(to, "}\n");
    return;
  }
  if (!form_->journal) {
    append_time(to, msg.time);
    to.push_back(' ');
  }
  fmt::format_to(std::back_inserter(to), "{:<5} ", name);
  append_one_line(to, text);
  append(to, cut ? "...\n" : "\n");
}

std::unique_ptr<spdlog::formatter> line_formatter::clone() const {
  return std::make_unique<line_formatter>(form_);
}

void start_logging(const log_settings& x) {
  const auto* variable = std::getenv("LOG_LEVEL");
  auto from_environment = variable == nullptr ? std::nullopt : parse_log_level(variable);
  auto wanted = from_environment ? from_environment : parse_log_level(x.level);
  auto logger = spdlog::get(logger_name);
  if (logger == nullptr)
    logger = make_logger();
  if (auto sink = sink_of(logger))
    sink->set_format(x.format);
  logger->set_level(wanted.value_or(level::info));
  if (variable != nullptr && *variable != '\0' && !from_environment)
    logger->warn(
      "LOG_LEVEL is none of trace, debug, info, warn, error, fatal, 10 to 60: {} is used",
      name_of(logger->level()).name);
}

void set_log_level(level::level_enum x) {
  spdlog::default_logger_raw()->set_level(x);
}

level::level_enum log_level() {
  return spdlog::default_logger_raw()->level();
}

std::string_view log_level_name(level::level_enum x) noexcept {
  return name_of(x).name;
}

bool is_logged(level::level_enum x) {
  return spdlog::should_log(x);
}

bool is_logged(const own_log_level& own, level::level_enum x) {
  auto mine = own.load(std::memory_order_relaxed);
  return mine == no_own_level ? spdlog::should_log(x) : x >= mine;
}

// The fields travel behind the sentence, and the line number of its place says where they begin: no
// byte of a sentence, which may be a server's, can be taken for that.
std::string_view sentence_of(const log_message& line) noexcept {
  std::string_view all{line.payload.data(), line.payload.size()};
  return line.source.line > 0 ? all.substr(0, static_cast<size_t>(line.source.line) - 1) : all;
}

std::string_view members_of(const log_message& line) noexcept {
  std::string_view all{line.payload.data(), line.payload.size()};
  return all.substr(sentence_of(line).size());
}

void write_line(spdlog::logger& to, level::level_enum x, const log_fields& fields,
                std::string_view line) {
  auto members = to_json_members(fields);
  // More than is shown of it need not travel.
  line = line.substr(0, max_message + 1);
  spdlog::source_loc place{"", static_cast<int>(line.size()) + 1, ""};
  auto whole = std::string{line} + members;
  to.log(place, x, spdlog::string_view_t{whole});
}

void write_log(level::level_enum x, const log_fields& fields, std::string_view line) {
  if (spdlog::should_log(x))
    write_line(*spdlog::default_logger_raw(), x, fields, line);
  else if (auto unfiltered = spdlog::get(unfiltered_name))
    write_line(*unfiltered, x, fields, line);
}

void say_lines(level::level_enum x, const log_fields& fields, std::string_view prefix,
               std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto end = std::min(text.find('\n', i), text.size());
    say(x, fields, "{}{}", prefix, text.substr(i, end - i));
    i = end + 1;
  }
}

uint64_t lost_log_lines() {
  auto pool = spdlog::thread_pool();
  return pool == nullptr ? 0 : pool->overrun_counter();
}

void stop_logging(std::chrono::milliseconds patience) {
  auto logger = spdlog::get(logger_name);
  auto sink = sink_of(logger);
  if (sink == nullptr)
    return;
  logger->flush();
  sink->wait_for_flush(patience);
  sink->stop_waiting();
  auto chosen = logger->level();
  logger.reset();
  spdlog::shutdown();
  // Not registered under our name: start_logging would take it for a running one.
  auto late = std::make_shared<spdlog::logger>("", std::move(sink));
  late->set_level(chosen);
  spdlog::set_default_logger(std::move(late));
}

} // namespace pgstatsmon
