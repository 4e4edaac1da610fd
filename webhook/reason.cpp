#include "webhook/reason.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.h"

namespace injector {

namespace {

constexpr std::array names = {std::pair(Why::not_asked, std::string_view("not-asked")),
                              std::pair(Why::switched_off, std::string_view("switched-off")),
                              std::pair(Why::refused, std::string_view("refused")),
                              std::pair(Why::nothing_named, std::string_view("nothing-named")),
                              std::pair(Why::not_understood, std::string_view("not-understood")),
                              std::pair(Why::unsupported, std::string_view("unsupported")),
                              std::pair(Why::unknown_library, std::string_view("unknown-library")),
                              std::pair(Why::unknown_version, std::string_view("unknown-version")),
                              std::pair(Why::unknown_profile, std::string_view("unknown-profile")),
                              std::pair(Why::unknown_container, std::string_view("unknown-container")),
                              std::pair(Why::two_versions, std::string_view("two-versions")),
                              std::pair(Why::sidecar, std::string_view("sidecar")),
                              std::pair(Why::system_namespace, std::string_view("system-namespace")),
                              std::pair(Why::own_namespace, std::string_view("own-namespace")),
                              std::pair(Why::mirror_pod, std::string_view("mirror-pod")),
                              std::pair(Why::windows, std::string_view("windows")),
                              std::pair(Why::architecture, std::string_view("architecture")),
                              std::pair(Why::host_network, std::string_view("host-network")),
                              std::pair(Why::other_injector, std::string_view("other-injector")),
                              std::pair(Why::name_taken, std::string_view("name-taken")),
                              std::pair(Why::mount_taken, std::string_view("mount-taken")),
                              std::pair(Why::ephemeral_storage, std::string_view("ephemeral-storage")),
                              std::pair(Why::memory, std::string_view("memory")),
                              std::pair(Why::variable_optional, std::string_view("variable-optional")),
                              std::pair(Why::variable_differs, std::string_view("variable-differs")),
                              std::pair(Why::variable_twice, std::string_view("variable-twice")),
                              std::pair(Why::complete, std::string_view("complete")),
                              std::pair(Why::too_large, std::string_view("too-large")),
                              std::pair(Why::overloaded, std::string_view("overloaded")),
                              std::pair(Why::review_invalid, std::string_view("review-invalid")),
                              std::pair(Why::patch_unsafe, std::string_view("patch-unsafe"))};

}  // namespace

std::string_view name_of(Why why) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& known) { return known.first == why; });
  return found == names.end() ? "" : found->second;
}

std::string line_of(const Note& note) {
  const std::string line = std::string(name_of(note.why)) + (note.text.empty() ? "" : ": " + note.text);
  return utf8::printable(line);
}

std::string lines_of(const std::vector<Note>& notes, std::size_t most) {
  std::string lines;
  for (const Note& note : notes) {
    if (lines.size() > most) break;
    lines += (lines.empty() ? "" : "; ") + line_of(note);
  }
  return cut(std::move(lines), most);
}

std::string cut(std::string text, std::size_t most) {
  constexpr std::string_view rest = "...";
  if (text.size() <= most) return text;
  text.resize(most - rest.size());
  return utf8::printable(text.append(rest));  // half a character was left, perhaps
}

}  // namespace injector
