#pragma once

#include <string>
#include <string_view>

namespace injector::utf8 {

// Whether text is UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF.
bool valid(std::string_view text);

// Whether text has a control character (U+0000 to U+001F, U+007F to U+009F, or one that turns the direction of
// writing), which could forge a line of a log, or U+FFFE or U+FFFF, which no YAML can hold. text must be valid.
bool has_control(std::string_view text);

// text with each control character and each invalid byte replaced by '?', fit for one line of a log.
std::string printable(std::string_view text);

}  // namespace injector::utf8
