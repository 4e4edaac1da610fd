#include "core/error.h"
#include "core/manifest_json.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {
namespace {

void check_printed(const Manifest& manifest) {
  const std::string printed = print_manifest(manifest);
  const Manifest again = parse_manifest(printed, "printed");
  require(print_manifest(again) == printed, "a manifest that was printed and read is another one");
  require(again.environment() == manifest.environment(), "the environment was changed by printing it");
}

// No entry that is below another is without it, and the tops are all that have no parent.
void check_tree(const Manifest& manifest) {
  std::size_t tops = 0;
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    const std::uint32_t parent = manifest[i].parent;
    tops += parent == Entry::no_parent ? 1 : 0;
    require(parent == Entry::no_parent || (parent < i && manifest[parent].type == EntryType::directory),
            "an entry has no directory");
    require(!TreePath::problem_of(manifest.path_of(i)), "a path breaks a rule");
  }
  require(tops == manifest.top().size(), "a name of the top level is not among them");
}

void check(const Manifest& manifest) {
  check_printed(manifest);
  check_tree(manifest);
}

}  // namespace

void run_manifest(std::string_view bytes) {
  accepts([&] {
    const Manifest manifest = parse_manifest(bytes, "m");
    check(manifest);
    Choice choice;
    for (const auto& [key, values] : manifest.selector_values()) choice.add(key, *values.begin());
    check(manifest.chosen(choice));
  });
  accepts([&] {
    const auto environment = parse_environment(bytes, "e");
    require(parse_environment(print_environment(environment), "printed") == environment,
            "an environment that was printed and read is another one");
  });
}

}  // namespace injector::fuzz
