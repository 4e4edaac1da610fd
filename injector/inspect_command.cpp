#include "core/error.h"
#include "injector/commands.h"
#include "injector/selected.h"

namespace injector {
namespace {

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string merge_text(const Variable& variable) {
  switch (variable.merge) {
    case Merge::set:
      return "set to ";
    case Merge::append:
      return "append ";
    case Merge::prepend:
      return "prepend ";
  }
  return "";
}

std::string entry_line(const Manifest& manifest, std::uint32_t index) {
  const Entry& entry = manifest[index];
  const std::string path = manifest.path_of(index);
  switch (entry.type) {
    case EntryType::directory:
      return "  directory " + padded("", 12) + std::string(19, ' ') + path + "/\n";
    case EntryType::symlink:
      return "  symlink   " + padded("", 12) + std::string(19, ' ') + path + " -> " + manifest.link_target_of(index) +
             "\n";
    case EntryType::file:
      return "  file      " + padded(std::to_string(entry.size), 12) + "  " + entry.digest.text().substr(0, 16) + " " +
             path + "\n";
  }
  return "";
}

std::string describe(const Selected& selected) {
  const Manifest& manifest = selected.manifest;
  std::string out = manifest.name() + ' ' + manifest.version() + '\n';
  if (!selected.selection.empty()) out += "selected: " + selected.selection + '\n';
  out += "\nenvironment\n";
  for (const Variable& variable : manifest.environment()) {
    out += "  " + variable.name + ": " + merge_text(variable) + variable.value + "\n";
  }
  std::uint64_t bytes = 0;
  std::string entries;
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    bytes += manifest[i].size;
    entries += entry_line(manifest, i);
  }
  return out + "\nentries: " + std::to_string(manifest.size()) + ", " + std::to_string(bytes) + " bytes\n" + entries;
}

}  // namespace

void inspect(const Options& options, std::string& out) {
  const std::vector<Selected> all = select(options.selection);
  const bool json = options.inspect_output == InspectOutput::json;
  if (json && all.size() > 1) {
    throw Error(Reason::usage, *options.selection.target, "several libraries are installed here",
                "Choose one with --library.");
  }
  for (const Selected& selected : all) {
    if (!out.empty()) out += '\n';
    out += json ? selected.document : describe(selected);
  }
}

}  // namespace injector
