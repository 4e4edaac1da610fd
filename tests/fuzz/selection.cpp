#include "core/selectors.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {

void run_selection(std::string_view bytes) {
  const auto choice = Choice::parse(bytes);
  if (!choice) return;
  const auto again = Choice::parse(choice->text());
  require(again && again->wanted() == choice->wanted(), "a selection that was printed and read is another one");
  require(choice->text().size() <= bytes.size(), "a selection grew");
  for (const auto& [key, values] : choice->wanted()) {
    for (const std::string& value : values) require(choice->matches({{key, value}}), "what was wanted does not match");
    require(!choice->matches({{key, "_"}}), "what nobody can want matches");
  }
}

}  // namespace injector::fuzz
