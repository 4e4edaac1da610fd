#pragma once

#include <string>

#include "webhook/kubernetes_api.h"

namespace injector {

struct CheckOptions {
  std::string catalog = "/catalog.json";
  std::string space = "default";  // namespace
  std::string account = account_directory;
};

// Asks the API server to create a Pod that asks for the first library of the catalog that can be had so, and to forget
// it (dryRun): what comes back is what a user would get, and proves the whole way. Gives a line that says so; throws
// api_failed where the Pod comes back without the library, with its reasons.
std::string check(const CheckOptions& options);

}  // namespace injector
