#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "webhook/configuration.h"

namespace injector {

// What one MutatingAdmissionPolicy does: a library in one version, in the words of one vocabulary.
struct PolicyRule {
  const Configuration& configuration;
  const Catalog& catalog;
  const Library& library;
  const LibraryVersion& version;
  const Vocabulary& vocabulary;
  const Profile& profile;
  const Rule* rule;                   // for Pods that ask for nothing; nullptr: for those that ask for the library
  std::vector<Variable> environment;  // of the version, in a container

  const std::string& word() const { return library.names.at(vocabulary.name); }
};

// Parts of expressions under the names by which cel::fill() knows them:
//   ANNOTATIONS, LABELS   of the Pod, maps
//   MEANT                 the containers that get the library, a list
//   ENV                   of the container c, a list
std::map<std::string, std::string> policy_words(const PolicyRule& rule);

// matchConditions: true for the Pods that the policy changes, which are some of those that the webhook would, and
// whose patch then applies and leaves a valid Pod.
Json policy_conditions(const PolicyRule& rule);

// The variables, and the one expression of a JSON Patch that refers to them: all of it is done, or nothing.
Json policy_variables(const PolicyRule& rule);
std::string policy_patch(const PolicyRule& rule);

}  // namespace injector
