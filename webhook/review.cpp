#include "webhook/review.h"

#include "core/pem.h"
#include "core/utf8.h"
#include "webhook/limits.h"
#include "webhook/pod.h"

namespace injector {
namespace {

// Deeper than any Pod, and shallow enough for what calls itself for each level.
constexpr unsigned max_depth = 64;
// Kubernetes: a warning beyond the first may be cut, and all of them dropped beyond the second.
constexpr std::size_t longest_warning = 256;
constexpr std::size_t longest_warnings = 4096;

// What nobody needs to be told: the Pod asked for nothing, or has it all.
bool is_silent(const Note& note) { return note.why == Why::not_asked || note.why == Why::complete; }

Json warnings_of(const Decision& decision) {
  Json warnings = Json::array();
  std::size_t length = 0;
  for (const Note& note : decision.notes) {
    if (is_silent(note)) continue;
    std::string text = cut("injector: " + line_of(note), longest_warning);
    length += text.size();
    if (length > longest_warnings) break;
    warnings.push_back(std::move(text));
  }
  return warnings;
}

Json audit_of(const Decision& decision) {
  Json annotations = {{"outcome", name_of(decision.verdict)}};
  if (!decision.notes.empty()) annotations["reasons"] = lines_of(decision.notes);
  return annotations;
}

std::string print_response(const Json& uid, const Decision& decision) {
  Json response = {{"uid", uid}, {"allowed", true}, {"auditAnnotations", audit_of(decision)}};
  if (!decision.patch.empty()) {
    response["patchType"] = "JSONPatch";
    response["patch"] = encode_base64(decision.patch.dump());
  }
  Json warnings = warnings_of(decision);
  if (!warnings.empty()) response["warnings"] = std::move(warnings);
  const Json review = {{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"response", response}};
  return review.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply refuse(const std::string& problem) {
  Reply reply;
  reply.status = 400;
  reply.body = problem + '\n';
  reply.decision.notes.push_back({Why::review_invalid, problem});
  return reply;
}

Decision decide_on(const Json& request, const Call& call, const Knowledge& knowledge, Reply& reply) {
  Decision decision;
  const Json& pod = object_at(request, {"object"});
  if (text_at(request, {"operation"}) != "CREATE" || text_at(request, {"kind", "kind"}) != "Pod" || pod.empty()) {
    decision.notes.push_back({Why::review_invalid, "it is not about a Pod that is created"});
    return decision;
  }
  reply.space = text_at(request, {"namespace"});
  const std::string_view name = text_at(pod, {"metadata", "name"});
  reply.pod = name.empty() ? text_at(pod, {"metadata", "generateName"}) : name;
  reply.workload = workload_of(pod);
  if (call.body.size() > largest_review) {
    decision.notes.push_back({Why::too_large, "the review has " + std::to_string(call.body.size()) + " bytes"});
    return decision;
  }
  if (!call.overloaded) return decide(pod, reply.space, call.rule, knowledge.configuration, knowledge.catalog);
  decision.notes.push_back({Why::overloaded, "there was no time left to look at the Pod"});
  return decision;
}

}  // namespace

Reply answer(const Call& call, const Knowledge& knowledge) {
  if (deeper_than(call.body, max_depth)) return refuse("the review is nested too deep");
  const Json review = Json::parse(call.body, nullptr, false);
  const Json* uid = find(review, {"request", "uid"});
  if (text_at(review, {"apiVersion"}) != "admission.k8s.io/v1" || text_at(review, {"kind"}) != "AdmissionReview" ||
      uid == nullptr || !uid->is_string()) {
    return refuse("this is no AdmissionReview of admission.k8s.io/v1");
  }
  Reply reply;
  reply.decision = decide_on(*find(review, {"request"}), call, knowledge, reply);
  reply.body = print_response(*uid, reply.decision);
  return reply;
}

}  // namespace injector
