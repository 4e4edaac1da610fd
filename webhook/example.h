#pragma once

#include "core/catalog.h"
#include "webhook/json.h"

// What the unit tests decide with: two vocabularies in the manner of those that are public, and four libraries.
namespace injector::example {

Catalog catalog();

// A Pod of one container, app, with these annotations.
Json pod(const Json& annotations);

}  // namespace injector::example
