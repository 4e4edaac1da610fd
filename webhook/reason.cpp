#include "webhook/reason.h"

#include "core/utf8.h"

namespace injector {

std::string_view name_of(Why why) {
  switch (why) {
    case Why::not_asked:
      return "not-asked";
    case Why::switched_off:
      return "switched-off";
    case Why::refused:
      return "refused";
    case Why::nothing_named:
      return "nothing-named";
    case Why::not_understood:
      return "not-understood";
    case Why::unsupported:
      return "unsupported";
    case Why::unknown_library:
      return "unknown-library";
    case Why::unknown_version:
      return "unknown-version";
    case Why::unknown_profile:
      return "unknown-profile";
    case Why::unknown_container:
      return "unknown-container";
    case Why::two_versions:
      return "two-versions";
    case Why::sidecar:
      return "sidecar";
    case Why::system_namespace:
      return "system-namespace";
    case Why::own_namespace:
      return "own-namespace";
    case Why::mirror_pod:
      return "mirror-pod";
    case Why::windows:
      return "windows";
    case Why::architecture:
      return "architecture";
    case Why::host_network:
      return "host-network";
    case Why::other_injector:
      return "other-injector";
    case Why::name_taken:
      return "name-taken";
    case Why::mount_taken:
      return "mount-taken";
    case Why::ephemeral_storage:
      return "ephemeral-storage";
    case Why::memory:
      return "memory";
    case Why::variable_optional:
      return "variable-optional";
    case Why::variable_differs:
      return "variable-differs";
    case Why::variable_twice:
      return "variable-twice";
    case Why::complete:
      return "complete";
    case Why::overloaded:
      return "overloaded";
    case Why::review_invalid:
      return "review-invalid";
    case Why::patch_unsafe:
      return "patch-unsafe";
  }
  return "";
}

std::string line_of(const Note& note) {
  const std::string line = std::string(name_of(note.why)) + (note.text.empty() ? "" : ": " + note.text);
  return utf8::printable(line);
}

}  // namespace injector
