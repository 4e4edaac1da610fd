#include "webhook/pattern.h"

#include <algorithm>
#include <array>

namespace injector {
namespace {

struct Place {
  std::string_view written;
  std::string Places::*meant;
};

constexpr std::array places_known = {Place{"{library}", &Places::library}, Place{"{container}", &Places::container}};

// The first place of a pattern, and where in it.
struct Found {
  const Place* place = nullptr;
  std::size_t at = std::string_view::npos;
};

Found first_place(std::string_view pattern) {
  Found found;
  for (const Place& place : places_known) {
    const std::size_t at = pattern.find(place.written);
    if (at < found.at) found = {&place, at};
  }
  return found;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
  });
}

// Patterns have two places at most, so that this calls itself three times.
bool match_into(std::string_view pattern, std::string_view name, Places& places) {
  const auto [place, at] = first_place(pattern);
  if (place == nullptr) return pattern == name;
  if (!name.starts_with(pattern.substr(0, at))) return false;
  const std::string_view rest = pattern.substr(at + place->written.size());
  for (std::size_t end = at + 1; end <= name.size() && is_word(name.substr(at, end - at)); ++end) {
    if (!match_into(rest, name.substr(end), places)) continue;
    places.*(place->meant) = name.substr(at, end - at);
    return true;
  }
  return false;
}

}  // namespace

std::optional<Places> match(std::string_view pattern, std::string_view name) {
  Places places;
  if (!match_into(pattern, name, places)) return {};
  return places;
}

std::string fill(std::string_view pattern, const Places& places) {
  std::string name;
  for (Found found = first_place(pattern); found.place != nullptr; found = first_place(pattern)) {
    name += pattern.substr(0, found.at);
    name += places.*(found.place->meant);
    pattern.remove_prefix(found.at + found.place->written.size());
  }
  return name.append(pattern);
}

bool like(std::string_view pattern, std::string_view text) {
  // The text behind the last * is given back byte by byte until the rest fits: no pattern takes longer than the product
  // of the two lengths.
  std::size_t star = std::string_view::npos, given = 0, p = 0, t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      given = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++given;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](char byte) { return byte == '*'; });
}

}  // namespace injector
