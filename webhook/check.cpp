#include "webhook/check.h"

#include <optional>

#include "core/catalog.h"
#include "core/error.h"
#include "webhook/json.h"
#include "webhook/knowledge.h"
#include "webhook/kubernetes_api.h"
#include "webhook/words.h"

namespace injector {
namespace {

constexpr unsigned created = 201;

struct Wish {
  std::string annotation;
  std::string value;
};

// The annotation by which a vocabulary asks for a library, of whatever container.
std::optional<Wish> wish_in(const Vocabulary& vocabulary, const Library& library) {
  constexpr std::string_view word = "{library}";
  const auto name = library.names.find(vocabulary.name);
  if (name == library.names.end()) return std::nullopt;
  for (const Vocabulary::Request& request : vocabulary.requests) {
    const bool version = request.meaning == Vocabulary::Meaning::version;
    const std::size_t at = request.annotation.find(word);
    if (at == std::string::npos || request.annotation.find("{container}") != std::string::npos) continue;
    if (!version && request.meaning != Vocabulary::Meaning::profile) continue;
    std::string annotation = request.annotation;
    annotation.replace(at, word.size(), name->second);
    return Wish{std::move(annotation), version ? library.versions.front().version : "true"};
  }
  return std::nullopt;
}

Wish some_wish(const Catalog& catalog, const std::string& path) {
  for (const Library& library : catalog.libraries) {
    if (library.sidecar || library.versions.empty()) continue;
    for (const Vocabulary& vocabulary : catalog.vocabularies) {
      if (auto wish = wish_in(vocabulary, library)) return *wish;
    }
  }
  throw Error(Reason::input_not_found, path, "has no library that an annotation asks for", "Take another catalog.");
}

// One that every namespace takes, with whatever Pod Security Standard.
Json pod_with(const Wish& wish) {
  const Json security = {{"allowPrivilegeEscalation", false},
                         {"runAsNonRoot", true},
                         {"capabilities", {{"drop", {"ALL"}}}},
                         {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  const Json container = {{"name", "check"}, {"image", "check"}, {"securityContext", security}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"generateName", "injector-check-"}, {"annotations", {{wish.annotation, wish.value}}}}},
          {"spec", {{"containers", Json::array({container})}}}};
}

}  // namespace

std::string check(const CheckOptions& options) {
  const Wish wish =
      some_wish(parse_catalog(read_input(options.catalog, Catalog::limits.bytes), options.catalog), options.catalog);
  const std::string path = "/api/v1/namespaces/" + options.space + "/pods";
  const KubernetesApi::Answer answer =
      KubernetesApi::of_this_pod(options.account)
          .ask({"POST", path + "?dryRun=All", "application/json", pod_with(wish).dump()});
  const Json pod = Json::parse(answer.body, nullptr, false);
  if (answer.status != created) {
    throw Error(
        Reason::api_failed, path,
        "the API server answers " + std::to_string(answer.status) + ' ' + std::string(text_at(pod, {"message"})));
  }
  const std::string asked = wish.annotation + ": " + wish.value;
  const std::string_view status = text_at(pod, {"metadata", "annotations", words::status});
  const std::string_view reasons = text_at(pod, {"metadata", "annotations", words::reasons});
  if (status == "injected") return "a Pod with " + asked + " is injected\n";
  throw Error(
      Reason::api_failed, path,
      "a Pod with " + asked + (status.empty() ? " comes back as it was" : " is not injected: ") + std::string(reasons),
      "Look at the log of the server, and at caBundle and namespaceSelector of the webhook configuration.");
}

}  // namespace injector
