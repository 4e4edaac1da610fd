#pragma once

namespace injector {

// The version of this project, from CMakeLists.txt.
inline constexpr const char* version = INJECTOR_VERSION;

}  // namespace injector
