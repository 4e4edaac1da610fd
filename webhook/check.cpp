#include "webhook/check.h"

#include <optional>

#include "core/catalog.h"
#include "core/error.h"
#include "webhook/container.h"
#include "webhook/json.h"
#include "webhook/knowledge.h"
#include "webhook/kubernetes_api.h"
#include "webhook/pattern.h"
#include "webhook/words.h"

namespace injector {
namespace {

constexpr unsigned created = 201;

// What asks for a library.
struct Annotation {
  std::string name;
  std::string value;
};

// The one by which a vocabulary asks for a library, of whatever container.
std::optional<Annotation> annotation_in(const Vocabulary& vocabulary, const Library& library) {
  const auto name = library.names.find(vocabulary.name);
  if (name == library.names.end()) return std::nullopt;
  for (const Vocabulary::Request& request : vocabulary.requests) {
    const bool version = request.meaning == Vocabulary::Meaning::version;
    if (!version && request.meaning != Vocabulary::Meaning::profile) continue;
    const std::string annotation = fill(request.annotation, {name->second, ""});
    if (match(request.annotation, annotation) != Places{name->second, ""}) continue;
    return Annotation{annotation, version ? library.versions.front().version : "true"};
  }
  return std::nullopt;
}

Annotation some_annotation(const Catalog& catalog, const std::string& path) {
  for (const Library& library : catalog.libraries) {
    if (library.sidecar || library.versions.empty()) continue;
    for (const Vocabulary& vocabulary : catalog.vocabularies) {
      if (auto annotation = annotation_in(vocabulary, library)) return *annotation;
    }
  }
  throw Error(Reason::input_not_found, path, "has no library that an annotation asks for", "Take another catalog.");
}

// One that every namespace takes, with whatever Pod Security Standard.
Json pod_with(const Annotation& annotation) {
  const Json container = {{"name", "check"}, {"image", "check"}, {"securityContext", restricted_security_context()}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"generateName", "injector-check-"}, {"annotations", {{annotation.name, annotation.value}}}}},
          {"spec", {{"containers", Json::array({container})}}}};
}

}  // namespace

std::string check(const CheckOptions& options) {
  const Annotation annotation = some_annotation(
      parse_catalog(read_input(options.catalog, Catalog::limits.bytes), options.catalog), options.catalog);
  const std::string path = "/api/v1/namespaces/" + options.space + "/pods";
  const KubernetesApi::Answer answer =
      KubernetesApi::of_this_pod(options.account)
          .ask({"POST", path + "?dryRun=All", "application/json", pod_with(annotation).dump()});
  const Json pod = Json::parse(answer.body, nullptr, false);
  if (answer.status != created) {
    throw Error(
        Reason::api_failed, path,
        "the API server answers " + std::to_string(answer.status) + ' ' + std::string(text_at(pod, {"message"})));
  }
  const std::string asked = annotation.name + ": " + annotation.value;
  const std::string_view status = text_at(pod, {"metadata", "annotations", words::status});
  const std::string_view reasons = text_at(pod, {"metadata", "annotations", words::reasons});
  if (status == "injected") return "a Pod with " + asked + " is injected\n";
  throw Error(
      Reason::api_failed, path,
      "a Pod with " + asked + (status.empty() ? " comes back as it was" : " is not injected: ") + std::string(reasons),
      "Look at the log of the server, and at caBundle and namespaceSelector of the webhook configuration.");
}

}  // namespace injector
