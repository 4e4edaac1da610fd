// The fuzzer of the target that INJECTOR_FUZZ names: the variable, not an argument, for libFuzzer starts itself again.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "core/process.h"
#include "tests/fuzz/target.h"

namespace {

const injector::fuzz::Target& chosen() {
  const char* name = std::getenv("INJECTOR_FUZZ");
  for (const auto& target : injector::fuzz::targets()) {
    if (name != nullptr && target.name == name) return target;
  }
  throw std::invalid_argument("INJECTOR_FUZZ names no target");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A file that grows too large is an error, no signal.
  [[maybe_unused]] static const auto inherited = injector::process::prepare();
  static const auto& target = chosen();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
