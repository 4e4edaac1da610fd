#include "webhook/yaml.h"

#include "tests/fuzz/target.h"

namespace injector::fuzz {

// What is read is read alike from what it is written as in JSON.
void run_yaml(std::string_view bytes) {
  accepts([&] {
    for (const auto& document : parse_yaml(bytes, "y")) {
      if (!document.is_structured()) continue;
      const std::string text = document.dump();
      require(text.size() > max_yaml_bytes || parse_yaml(text, "j").at(0) == document,
              "a document is not read as it was written");
    }
  });
}

}  // namespace injector::fuzz
