#include <filesystem>

#include "core/environment.h"
#include "injector/commands.h"
#include "injector/compare.h"
#include "injector/selected.h"

namespace injector {
namespace {

// The program of the command line among the entries of a manifest.
std::optional<std::uint32_t> find_entry(const Manifest& manifest, const std::string& path) {
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    if (manifest.path_of(i) == path) return i;
  }
  return std::nullopt;
}

void check_executable(const Entry& entry, const std::string& path) {
  if (entry.type != EntryType::file) {
    throw Error(Reason::usage, path, "is a " + std::string(name_of(entry.type)) + ", and only a file can be run");
  }
  if ((entry.mode & 0111U) == 0) throw Error(Reason::usage, path, "is not executable, says the manifest");
}

}  // namespace

// What is started is the open file that was hashed: whatever its path leads to by then.
int run_program(const Options& options, const Context& context, const process::Inherited& inherited) {
  const std::string& path = options.program.front();
  for (const Selected& selected : select(options.selection)) {
    const auto index = find_entry(selected.manifest, path);
    if (!index) continue;
    check_executable(selected.manifest[*index], path);
    const File file = open_right(selected.manifest, selected.tree, selected.modes, *index, context);
    context.interrupt.check();
    const std::string place = std::filesystem::absolute(selected.tree.path());
    process::Program program{file, options.program,
                             merge_environment(process::environment(), selected.manifest.environment(), place)};
    program.arguments.front() = file.path();
    if (options.on_failure == OnFailure::fail) process::execute(program, inherited);
    const process::End end = process::run(program, inherited);
    if (end.asked) return end.code;
    throw Error(Reason::not_running, file.path(), "ended by itself, " + end.text());
  }
  throw Error(Reason::usage, path, "is no entry of the payload");
}

}  // namespace injector
