#pragma once

#include <string>
#include <string_view>

#include "webhook/decision.h"

namespace injector {

// What decides, and can be exchanged while reviews go on.
struct Knowledge {
  Configuration configuration;
  Catalog catalog;
};

// A request as it was received.
struct Call {
  std::string_view body;  // an AdmissionReview of admission.k8s.io/v1, as JSON
  std::string_view rule;  // see wishes_of
  bool overloaded = false;
};

// What is sent back, and what is told about it.
struct Reply {
  unsigned status = 200;  // of HTTP; 400 where there is no review to answer, which failurePolicy: Ignore covers
  std::string body;
  Decision decision;
  std::string space;     // namespace
  std::string pod;       // its name, or the beginning that is to be completed
  std::string workload;  // its owner's
};

// Answers a review. Whatever it holds, the Pod is allowed. Never throws but for want of memory.
Reply answer(const Call& call, const Knowledge& knowledge);

}  // namespace injector
