#pragma once

#include <string>

#include "core/error.h"

namespace injector {

// How a command ended that did not fail: what the closing line says.
struct Outcome {
  Reason reason;
  std::string path;
  std::string text;
  std::string library;
  std::string version;
};

}  // namespace injector
