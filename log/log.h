#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace injector::log {

enum class Level { debug, info, warn, error };
enum class Format { automatic, text, json };

struct Field {
  std::string_view key;
  std::string value;
};
using Fields = std::vector<Field>;

// Everything goes to stderr, one event a line: as text, or as JSON with time, level, msg and the fields.
// Format::automatic is text on a terminal and JSON elsewhere.
// program: what stands in front of an event in text.
void configure(Level level, Format format, const std::string& program = "injector");

void write(Level level, const std::string& message, const Fields& fields = {});
// The closing line of a run: in text it stands alone, without level or fields.
void write_closing(Level level, const std::string& line, const Fields& fields);

// What was meant to be removed is still there: a warning, for it harms nobody.
void warn_about_leftover(const Error& error);

}  // namespace injector::log
