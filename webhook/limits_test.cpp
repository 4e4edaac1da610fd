#include "webhook/limits.h"

#include <gtest/gtest.h>

namespace injector {
namespace {

Json annotated(std::size_t bytes) { return {{"metadata", {{"annotations", {{"k", std::string(bytes - 1, 'x')}}}}}}; }

Json with_variable(std::size_t bytes, const std::string& kind = "containers") {
  const Json env = {{{"name", "A"}, {"value", std::string(bytes - 2, 'x')}}};
  return {{"spec", {{kind, {{{"name", "app"}, {"env", env}}}}}}};
}

std::string found(const Json& original, const Json& injected) {
  const auto note = excess(original, injected);
  return note ? std::string(name_of(note->why)) : "";
}

// Both sides of what ValidateAnnotationsSize takes: keys and values together.
TEST(Limits, AnnotationsHold256KiB) {
  EXPECT_EQ(found(annotated(1), annotated(256 << 10U)), "");
  EXPECT_EQ(found(annotated(1), annotated((256 << 10U) + 1)), "too-large");
}

// MAX_ARG_STRLEN has room for a zero behind NAME=VALUE.
TEST(Limits, AVariableHolds128KiB) {
  for (const std::string kind : {"containers", "initContainers"}) {
    EXPECT_EQ(found(with_variable(2, kind), with_variable((128 << 10U) - 1, kind)), "");
    EXPECT_EQ(found(with_variable(2, kind), with_variable(128 << 10U, kind)), "too-large");
  }
}

TEST(Limits, WhatWasTooLongBeforeIsNotOurs) { EXPECT_EQ(found(with_variable(1 << 20U), with_variable(1 << 20U)), ""); }

}  // namespace
}  // namespace injector
