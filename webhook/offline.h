#pragma once

#include <string>
#include <vector>

#include "webhook/decision.h"
#include "webhook/review.h"

namespace injector {

// A Pod as the API server would be asked to create it.
struct Candidate {
  std::string kind;  // of the object that it is from: Pod, Deployment, ...
  std::string space;
  std::string name;
  Json pod;
};

// The Pods that an object stands for: itself, its template (of any kind that has one), or those of the items of a list.
// space: for those that name no namespace. Anything else stands for none.
std::vector<Candidate> candidates_of(const Json& object, const std::string& space);

// The calls that the API server makes for a Pod, one after another: the default entry, then each rule that selects it.
// The decision is what comes of all of them together. namespace_labels: an object.
Decision decide_offline(const Candidate& candidate, const Json& namespace_labels, const Knowledge& knowledge);

}  // namespace injector
