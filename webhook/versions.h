#pragma once

#include <string>
#include <string_view>

#include "core/catalog.h"

namespace injector {

// The version that a text means: "1.64.0" and "v1.64.0" that one, "1.64", "v1" the newest that begins so, "latest" the
// newest. nullptr where the catalog has none.
const LibraryVersion* resolve(const Library& library, std::string_view text);

// What there is, newest first, for a message: "1.64.0, 1.63.2".
std::string versions_of(const Library& library);

// The reference by which a Pod pulls it: by digest where the catalog has one. registry: what goes in front, or empty.
std::string image_of(const LibraryVersion& version, const std::string& registry);

}  // namespace injector
