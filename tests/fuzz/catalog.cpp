#include "core/catalog.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/target.h"

namespace injector::fuzz {

// catalog.json, or one vocabulary.
void run_catalog(std::string_view bytes) {
  accepts([&] {
    const Catalog catalog = parse_catalog(bytes, "c");
    require(parse_catalog(print_catalog(catalog), "printed") == catalog,
            "a catalog that was printed and read is another one");
  });
  accepts([&] {
    const Vocabulary vocabulary = parse_vocabulary(bytes, "v");
    require(parse_vocabulary(json_of(vocabulary).dump(), "printed") == vocabulary,
            "a vocabulary that was printed and read is another one");
  });
}

}  // namespace injector::fuzz
