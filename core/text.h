#pragma once

#include <string>
#include <string_view>

namespace injector {

// text with every occurrence of from, which is not empty, replaced by to; what comes in by that is not looked at again.
std::string replace_all(std::string text, std::string_view from, std::string_view to);

}  // namespace injector
