#pragma once

#include <string>

#include "bundler/options.h"

namespace injector {

// Puts a version, vocabularies or both into the catalog and gives what the closing line says of it. What would not be
// read again is not written: throws manifest_invalid, and leaves the catalog as it was.
std::string write_catalog(const CatalogOptions& options);

}  // namespace injector
