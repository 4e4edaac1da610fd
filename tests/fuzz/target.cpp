#include "tests/fuzz/target.h"

#include <array>
#include <stdexcept>

#include "core/error.h"
#include "core/utf8.h"

namespace injector::fuzz {

std::span<const Target> targets() {
  static constexpr std::array all = {
      Target{"archive", run_archive},
      Target{"catalog", run_catalog},
      Target{"closing_line", run_closing_line},
      Target{"configuration", run_configuration},
      Target{"elf", run_elf},
      Target{"environment", run_environment},
      Target{"glob", run_glob},
      Target{"key", run_key},
      Target{"library", run_library},
      Target{"limits", run_limits},
      Target{"manifest", run_manifest},
      Target{"npm", run_npm},
      Target{"path", run_path},
      Target{"quantity", run_quantity},
      Target{"record", run_record},
      Target{"review", run_review},
      Target{"selection", run_selection},
      Target{"signature", run_signature},
      Target{"version", run_version},
      Target{"wheel", run_wheel},
      Target{"yaml", run_yaml},
  };
  return all;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

bool accepts(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    require(error.reason() != Reason::internal, "an Error says that it is a bug of ours");
    const std::string line = closing_line("fuzz", error.reason(), error.path(), error.problem(), error.remedy());
    require(line.size() <= 1024 && utf8::valid(line) && !utf8::has_control(line), "an Error is not one line");
    return false;
  }
}

std::vector<std::string> parts(std::string_view bytes, std::size_t count) {
  std::vector<std::string> all;
  while (all.size() + 1 < count) {
    const std::size_t end = bytes.find('\0');
    all.emplace_back(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? "" : bytes.substr(end + 1);
  }
  all.emplace_back(bytes);
  return all;
}

}  // namespace injector::fuzz
