#include "log/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "core/manifest_json.h"
#include "core/process.h"
#include "core/utf8.h"

namespace injector::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "";
}

bool is_number(std::string_view key) { return key == "duration_ms" || key == "exit_code"; }

std::string json_members(Level level, const std::string& message, const Fields& fields) {
  std::string line = "\"level\":" + json_string(name_of(level)) + ",\"msg\":" + json_string(message);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    line += ',' + json_string(field.key) + ':' + (is_number(field.key) ? field.value : json_string(field.value));
  }
  return line;
}

// The logger's name is the program's, but where lines are JSON, which names no program.
constexpr std::string_view json_logger = "json";

bool is_json() { return spdlog::default_logger_raw()->name() == json_logger; }

void emit(Level level, const std::string& line) { spdlog::default_logger_raw()->log(to_spdlog(level), line); }

}  // namespace

void configure(Level level, Format format, const std::string& program) {
  const bool text = format == Format::text || (format == Format::automatic && process::is_terminal_stderr());
  auto logger = std::make_shared<spdlog::logger>(text ? program : std::string(json_logger),
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(text ? "%v" : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(level));
  spdlog::set_default_logger(std::move(logger));
}

void write(Level level, const std::string& message, const Fields& fields) {
  if (is_json()) return emit(level, json_members(level, message, fields));
  std::string line = spdlog::default_logger_raw()->name() + ": " + std::string(name_of(level)) + ": " + message;
  for (const Field& field : fields) {
    if (!field.value.empty()) line += ' ' + std::string(field.key) + '=' + field.value;
  }
  emit(level, utf8::printable(line));
}

void warn_about_leftover(const Error& error) {
  write(Level::warn, "what is no longer needed cannot be removed",
        {{"path", error.path()}, {"error", error.problem()}});
}

void write_closing(Level level, const std::string& line, const Fields& fields) {
  emit(level, is_json() ? json_members(level, line, fields) : line);
}

}  // namespace injector::log
