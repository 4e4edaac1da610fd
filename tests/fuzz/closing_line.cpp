#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/utf8.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

// A second opinion: the parser of JSON has a decoder of its own.
bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

void check_printable(const std::string& text) {
  require(utf8::valid(text) == is_utf8(text), "it is UTF-8 to the one and not to the other");
  const std::string printable = utf8::printable(text);
  require(utf8::valid(printable) && !utf8::has_control(printable), "what was made printable is not");
  const bool fit = utf8::valid(text) && !utf8::has_control(text);
  require((printable == text) == fit, "what was printable changed, or what was not did not");
}

}  // namespace

void run_closing_line(std::string_view bytes) {
  const auto texts = parts(bytes, 3);
  for (const std::string& text : texts) check_printable(text);
  const std::string line = closing_line("injector", Reason::io_error, texts[0], texts[1], texts[2]);
  require(line.size() <= 1024, "the closing line is longer than a termination message should be");
  require(utf8::valid(line) && !utf8::has_control(line), "the closing line is not printable");
  require(line.starts_with("injector: io-error: ") && line.ends_with("(exit 74)"), "reason or exit code was cut");
}

}  // namespace injector::fuzz
