#pragma once

#include "webhook/json.h"

namespace injector {

// Whether labels (an object of texts) are what a metav1.LabelSelector asks for; an empty one asks for nothing. What is
// not of that form selects nothing.
bool selects(const Json& selector, const Json& labels);

}  // namespace injector
