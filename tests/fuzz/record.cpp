#include <sstream>

#include "bundler/wheel.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {

// The files of the wheel are named by the lines of the first part; each holds its own name.
void run_record(std::string_view bytes) {
  const auto texts = parts(bytes, 2);
  std::map<std::string, WheelFile> files;
  std::istringstream names(texts[0]);
  for (std::string name; std::getline(names, name);) files[name] = {Hasher::digest_of(name), name.size()};
  if (!accepts([&] { check_record("w", texts[1], files); })) return;
  for (const auto& [name, file] : files) {
    const bool plain = name.find_first_of("\",\r") == std::string::npos && !is_record_signature(name);
    require(!plain || texts[1].find(name) != std::string::npos, "a file is not in RECORD, and nobody complains");
  }
}

}  // namespace injector::fuzz
