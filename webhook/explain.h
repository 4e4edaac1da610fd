#pragma once

#include <string>

#include "webhook/options.h"

namespace injector {

// What becomes of each Pod in a file of Kubernetes objects, and why: for people, or as a JSON object a line,
// {"decision", "reasons", "pod"}. Throws Error where a file is wrong or holds no Pod.
std::string explain(const ExplainOptions& options);

// Which Pods of a cluster asked and have not got it all, and why: from what kubectl printed, whose namespaces tell the
// rules their labels, if they are among it.
std::string report(const ReportOptions& options);

}  // namespace injector
