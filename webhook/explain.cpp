#include "webhook/explain.h"

#include <map>

#include "core/error.h"
#include "core/utf8.h"
#include "webhook/knowledge.h"
#include "webhook/offline.h"
#include "webhook/pod.h"
#include "webhook/words.h"
#include "webhook/yaml.h"

namespace injector {
namespace {

constexpr std::size_t max_input = std::size_t{256} << 20U;  // all Pods of a large cluster
constexpr int indentation = 2;

std::string printed(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string heading(const Candidate& candidate) {
  return utf8::printable(candidate.kind + ' ' + candidate.space + '/' + candidate.name);
}

std::string as_text(const Candidate& candidate, const Decision& decision) {
  std::string text = heading(candidate) + ": " + std::string(name_of(decision.verdict)) + '\n';
  for (const auto& [library, version] : decision.libraries) text += "  has " + library + ' ' + version + '\n';
  for (const Note& note : decision.notes) text += "  " + line_of(note) + '\n';
  return decision.patch.empty() ? text : text + printed(decision.pod, indentation) + '\n';
}

std::string as_json(const Decision& decision) {
  Json reasons = Json::array();
  for (const Note& note : decision.notes) reasons.push_back({{"reason", name_of(note.why)}, {"text", note.text}});
  const Json object = {{"decision", name_of(decision.verdict)}, {"reasons", reasons}, {"pod", decision.pod}};
  return printed(object, -1) + '\n';
}

// A Pod that asked, and what is missing in it; empty where nothing is.
std::string complaint(const Candidate& candidate, const Json& namespace_labels, const Knowledge& knowledge) {
  const Decision decision = decide_offline(candidate, namespace_labels, knowledge);
  std::string text;
  for (const Note& note : decision.notes) {
    if (note.why != Why::not_asked && note.why != Why::complete) text += (text.empty() ? "" : "; ") + line_of(note);
  }
  const std::string_view before = annotation(candidate.pod, words::reasons);
  if (!before.empty() && text.empty()) text = utf8::printable(before);
  if (!decision.patch.empty() && text.empty()) text = "missed: it would be injected now; create it again";
  return text.empty() ? "" : heading(candidate) + ": " + text + '\n';
}

}  // namespace

std::string explain(const ExplainOptions& options) {
  const Knowledge knowledge = read_knowledge(options.files);
  std::string text;
  for (const Json& document : parse_yaml(read_input(options.input, max_input), options.input)) {
    for (const Candidate& candidate : candidates_of(document, options.space)) {
      const Decision decision = decide_offline(candidate, options.namespace_labels, knowledge);
      text += options.output == ExplainOutput::json ? as_json(decision) : as_text(candidate, decision);
    }
  }
  if (text.empty()) throw Error(Reason::input_not_found, options.input, "holds no Pod, and nothing that makes Pods");
  return text;
}

std::string report(const ReportOptions& options) {
  const Knowledge knowledge = read_knowledge(options.files);
  const Json list = Json::parse(read_input(options.input, max_input), nullptr, false);
  if (list.is_discarded()) {
    throw Error(Reason::manifest_invalid, options.input, "is not JSON",
                "Give what kubectl get pods -A -o json prints.");
  }
  std::map<std::string, Json> labels;
  for (const Json& item : list_at(list, {"items"})) {
    if (text_at(item, {"kind"}) != "Namespace") continue;
    labels[std::string(text_at(item, {"metadata", "name"}))] = object_at(item, {"metadata", "labels"});
  }
  std::string text;
  std::size_t pods = 0;
  std::size_t complaints = 0;
  for (const Candidate& candidate : candidates_of(list, "default")) {
    const auto known = labels.find(candidate.space);
    const std::string line = complaint(candidate, known == labels.end() ? Json::object() : known->second, knowledge);
    ++pods;
    complaints += line.empty() ? 0 : 1;
    text += line;
  }
  return text + std::to_string(pods) + " Pods, " + std::to_string(complaints) + " asked in vain\n";
}

}  // namespace injector
