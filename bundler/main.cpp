#include <cstdio>
#include <exception>
#include <string>

#include "bundler/catalog.h"
#include "bundler/keygen.h"
#include "bundler/options.h"
#include "bundler/pack.h"
#include "bundler/sign.h"
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
    const BundlerOptions options = parse_bundler_options(argc, argv);
    switch (options.command) {
      case BundlerCommand::pack:
        return close(Reason::packed, options.pack.output, pack(options.pack), "");
      case BundlerCommand::keygen:
        return close(Reason::generated, options.keygen.public_key, generate_keys(options.keygen), "");
      case BundlerCommand::sign:
        return close(Reason::bundle_signed, options.sign.bundle, sign(options.sign), "");
      case BundlerCommand::catalog:
        return close(Reason::catalogued, options.catalog.catalog, write_catalog(options.catalog), "");
      case BundlerCommand::print:
        break;
    }
    return std::fputs(options.text.c_str(), stdout) < 0 ? 1 : 0;
  } catch (const Error& error) {
    return close(error.reason(), error.path(), error.problem(), error.remedy());
  } catch (const std::exception& error) {
    return close(Reason::internal, "", error.what(), std::string(remedy_for(Reason::internal)));
  }
}

}  // namespace
}  // namespace injector

int main(int argc, char** argv) { return injector::guarded_main(argc, argv); }
