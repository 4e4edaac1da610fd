#pragma once

#include <string_view>

namespace injector {

// Whether a text has the form of an image reference (the grammar of the OCI distribution project): a host, perhaps with
// its port, a path in lower case, and perhaps a tag and a digest. One that has not keeps a Pod from being created, or
// its containers from starting.
bool is_image_reference(std::string_view text);

}  // namespace injector
