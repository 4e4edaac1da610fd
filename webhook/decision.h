#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "webhook/configuration.h"
#include "webhook/reason.h"

namespace injector {

// What becomes of a Pod. injected: everything that it asked for is there once the patch is applied. partial: not all of
// it. unchanged: nothing is to be added, and notes say why.
enum class Verdict { unchanged, partial, injected };
std::string_view name_of(Verdict verdict);

struct Decision {
  Verdict verdict = Verdict::unchanged;
  std::vector<Note> notes;
  std::map<std::string, std::string> libraries;  // what the Pod has then: library → version, or its own image
  Json patch = Json::array();                    // RFC 6902; empty where nothing is to be added
  Json pod;                                      // the Pod with the patch
};

// The one place where it is decided: from nothing but these, so that it says the same offline. pod: as the API server
// received it, whatever it holds. space: the namespace, which the Pod itself may not name. rule: as in wishes_of. The
// patch applies to this pod, and adds to it without changing what is there but where docs/webhook.md says so; both were
// tried on a copy.
Decision decide(const Json& pod, std::string_view space, std::string_view rule, const Configuration& configuration,
                const Catalog& catalog);

}  // namespace injector
