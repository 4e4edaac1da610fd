#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace injector {

// Why a Pod, or a part of what it asked for, was not injected. docs/webhook.md explains each under its name.
enum class Why {
  not_asked,
  switched_off,
  refused,
  nothing_named,
  not_understood,
  unsupported,
  unknown_library,
  unknown_version,
  unknown_profile,
  unknown_container,
  two_versions,
  sidecar,
  system_namespace,
  own_namespace,
  mirror_pod,
  windows,
  architecture,
  host_network,
  other_injector,
  name_taken,
  mount_taken,
  ephemeral_storage,
  memory,
  variable_optional,
  variable_differs,
  variable_twice,
  complete,
  too_large,
  overloaded,
  review_invalid,
  patch_unsafe,
};

std::string_view name_of(Why why);

// One reason, and what it is about in this Pod: a clause for people.
struct Note {
  Why why = Why::not_asked;
  std::string text;

  bool operator==(const Note&) const = default;
};

// "NAME: TEXT", on one line without control characters.
std::string line_of(const Note& note);

// The lines of all, "; " between them. Of what a Pod holds they may repeat much: a text is at most so many bytes.
std::string lines_of(const std::vector<Note>& notes, std::size_t most = 1024);

// The text, or its beginning and "...", in at most so many bytes.
std::string cut(std::string text, std::size_t most);

}  // namespace injector
