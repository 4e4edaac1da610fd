#pragma once

#include <compare>
#include <string_view>

namespace injector {

// How two versions of a library are ordered (docs/signature.md, "How versions compare"): by the precedence of SemVer 2
// where both are of that form; any other text has one place in the same order. Equivalent are, among others, 1.2 and
// 1.2.0, and versions that differ in their build metadata alone.
std::weak_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace injector
