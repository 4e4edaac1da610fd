#include <cstdio>
#include <exception>
#include <string>

#include "bundler/options.h"
#include "bundler/pack.h"
#include "core/error.h"
#include "core/process.h"

namespace injector {
namespace {

int close(Reason reason, const std::string& path, const std::string& text, const std::string& remedy) {
  std::fprintf(stderr, "%s\n", closing_line("bundler", reason, path, text, remedy).c_str());
  return static_cast<int>(exit_code_of(reason));
}

int guarded_main(int argc, const char* const* argv) {
  process::prepare();
  try {
    const PackOptions options = parse_pack_options(argc, argv);
    if (!options.text.empty()) return std::fputs(options.text.c_str(), stdout) < 0 ? 1 : 0;
    return close(Reason::packed, options.output, pack(options), "");
  } catch (const Error& error) {
    return close(error.reason(), error.path(), error.problem(), error.remedy());
  } catch (const std::exception& error) {
    return close(Reason::internal, "", error.what(), std::string(remedy_for(Reason::internal)));
  }
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) { return injector::guarded_main(argc, argv); }
