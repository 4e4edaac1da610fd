#include <algorithm>

#include "webhook/cel.h"
#include "webhook/container.h"
#include "webhook/pattern.h"
#include "webhook/policy_rule.h"
#include "webhook/resources.h"
#include "webhook/variables.h"
#include "webhook/versions.h"
#include "webhook/words.h"

namespace injector {
namespace {

using Meaning = Vocabulary::Meaning;

constexpr std::string_view no_annotation = "!$ANNOTATIONS.exists(name, name.matches($NAMES))";

// The containers whose names the vocabulary's annotations list, else the usual ones.
std::string meant(const PolicyRule& rule, std::map<std::string, std::string> words) {
  if (rule.vocabulary.all_containers) return "object.spec.containers";
  std::string listed;
  if (rule.rule == nullptr) {
    for (const std::string& pattern : rule.vocabulary.container_annotations) {
      words["NAME"] = cel::literal(fill(pattern, {rule.word(), ""}));
      listed += (listed.empty() ? "" : ", ") + cel::fill(R"($ANNOTATIONS[?$NAME].orValue(""))", words);
    }
  }
  words["LISTED"] = '[' + listed + R"(].filter(text, text.trim() != ""))";
  words["DEFAULT"] = cel::literal(words::default_container);
  words["SIDECARS"] = cel::any_of(rule.vocabulary.sidecars);
  return cel::fill(
      "object.spec.containers.filter(c, $LISTED.size() > 0"
      " ? $LISTED[0].split(\",\").exists(name, name.trim() == c.name)"
      " : c.name == (object.spec.containers.filter(x, x.name == $ANNOTATIONS[?$DEFAULT].orValue(\"\"))"
      " + object.spec.containers.filter(x, !x.name.matches($SIDECARS)) + object.spec.containers)[0].name)",
      words);
}

// All texts that mean this version: itself and its beginnings, each with v, and latest.
Json texts_for(const PolicyRule& rule) {
  const std::string& version = rule.version.version;
  std::vector<std::string> possible = {"latest", version, 'v' + version};
  for (std::size_t dot = version.find('.'); dot != std::string::npos; dot = version.find('.', dot + 1)) {
    possible.insert(possible.end(), {version.substr(0, dot), 'v' + version.substr(0, dot)});
  }
  Json texts = Json::array();
  for (const std::string& text : possible) {
    if (resolve(rule.library, text) == &rule.version) texts.push_back(text);
  }
  return texts;
}

bool is_served(const Vocabulary::Request& request) {
  return request.annotation.find("{container}") == std::string::npos &&
         (request.meaning == Meaning::version || request.meaning == Meaning::profile);
}

// What Pods say that another policy, or only the webhook, can do something with.
std::vector<std::string> annotations_of_others(const PolicyRule& rule) {
  std::vector<std::string> patterns = {std::string(words::env_from)};
  for (const Vocabulary& vocabulary : rule.catalog.vocabularies) {
    if (rule.rule == nullptr && vocabulary.name != rule.vocabulary.name) continue;
    for (const Vocabulary::Request& request : vocabulary.requests) {
      if (rule.rule != nullptr || (!is_served(request) && request.meaning != Meaning::all)) {
        patterns.push_back(request.annotation);
      }
    }
    if (rule.rule != nullptr) {
      patterns.insert(patterns.end(), vocabulary.unsupported.begin(), vocabulary.unsupported.end());
    }
  }
  for (const Vocabulary::Selection& selection : rule.vocabulary.selections) {
    if (selection.library == rule.word()) patterns.push_back(selection.annotation);
  }
  return patterns;
}

class Conditions {
 public:
  explicit Conditions(const PolicyRule& rule) : rule_(rule), words_(policy_words(rule)) {}

  Json all() {
    who();
    where();
    names();
    if (!rule_.environment.empty()) variables();
    room();
    return std::move(list_);
  }

 private:
  void add(const std::string& name, std::string_view expression) {
    list_.push_back({{"name", name}, {"expression", cel::fill(expression, words_)}});
  }

  void who() {
    if (rule_.rule == nullptr) add("asks", asks());
    words_["NAMES"] = cel::any_of(annotations_of_others(rule_), rule_.rule == nullptr ? rule_.word() : "");
    add("says-nothing-else", no_annotation);
    for (const Vocabulary& vocabulary : rule_.catalog.vocabularies) {
      if (!vocabulary.power) continue;
      words_["SWITCH"] = cel::literal(vocabulary.power->label);
      words_["OFF"] = cel::literal(vocabulary.power->off);
      if (rule_.rule != nullptr) {
        add("no-switch-" + vocabulary.name, "!($SWITCH in $LABELS)");
      } else if (vocabulary.name == rule_.vocabulary.name) {
        add("not-switched-off", R"($LABELS[?$SWITCH].orValue("") != $OFF)");
      }
    }
  }

  std::string asks() {
    std::string any;
    words_["TEXTS"] = cel::literal(texts_for(rule_));
    for (const Vocabulary::Request& request : rule_.vocabulary.requests) {
      if (!is_served(request)) continue;
      words_["NAME"] = cel::literal(fill(request.annotation, {rule_.word(), ""}));
      const bool version = request.meaning == Meaning::version;
      any += (any.empty() ? "" : " || ") + cel::fill(version ? R"($ANNOTATIONS[?$NAME].orValue("") in $TEXTS)"
                                                             : R"($ANNOTATIONS[?$NAME].orValue("") == "true")",
                                                     words_);
    }
    return any;
  }

  void where() {
    words_["MIRROR"] = cel::literal(words::mirror);
    add("no-mirror", "!($MIRROR in $ANNOTATIONS)");
    if (!rule_.configuration.host_network) add("no-host-network", "!object.spec.?hostNetwork.orValue(false)");
    std::string linux = R"(object.spec.?os.?name.orValue("linux") == "linux")";
    for (const std::string_view label : words::os_labels) linux += " && " + allows(label, "linux");
    add("linux", linux);
    words_["HAVE"] = cel::literal(rule_.version.architectures);
    architecture();
  }

  // As Placement::allows().
  std::string allows(std::string_view label, const std::string& value) {
    words_["LABEL"] = cel::literal(label);
    words_["VALUE"] = cel::literal(value);
    return cel::fill(
        "object.spec.?nodeSelector[?$LABEL].orValue($VALUE) == $VALUE"
        " && ($TERMS.size() == 0 || $TERMS.exists(t, t.?matchExpressions.orValue([]).all(e, e.key != $LABEL ||"
        " (e.operator == \"In\" ? $VALUE in e.?values.orValue([]) : e.operator == \"NotIn\""
        " ? !($VALUE in e.?values.orValue([])) : e.operator != \"DoesNotExist\"))))",
        words_);
  }

  // As misfit(): what the Pod names is there; where it names none, all that the configuration knows.
  void architecture() {
    std::string named = "true";
    std::string names_one = "false";
    for (const std::string_view label : words::architecture_labels) {
      words_["LABEL"] = cel::literal(label);
      named += cel::fill(
          " && object.spec.?nodeSelector[?$LABEL].orValue($HAVE[0]) in $HAVE && $TERMS.all(t,"
          " t.?matchExpressions.orValue([]).all(e, e.key != $LABEL || e.operator != \"In\" ||"
          " e.?values.orValue([]).all(value, value in $HAVE)))",
          words_);
      names_one += cel::fill(
          " || object.spec.?nodeSelector[?$LABEL].hasValue() || $TERMS.exists(t,"
          " t.?matchExpressions.orValue([]).exists(e, e.key == $LABEL && e.operator == \"In\"))",
          words_);
    }
    std::string others = "true";  // those for which there is no image, and which the Pod rules out
    const auto& have = rule_.version.architectures;
    for (const std::string& other : rule_.configuration.architectures) {
      if (std::find(have.begin(), have.end(), other) != have.end()) continue;
      std::string possible = "true";
      for (const std::string_view label : words::architecture_labels) possible += " && " + allows(label, other);
      others += " && !(" + possible + ')';
    }
    add("architecture", named + " && (" + names_one + " || (" + others + "))");
  }

  void names() {
    std::vector<std::string> served;
    for (const Vocabulary& vocabulary : rule_.catalog.vocabularies) {
      served.insert(served.end(), vocabulary.served.begin(), vocabulary.served.end());
    }
    words_["SERVED"] = cel::any_of(served);
    words_["CONTAINER"] = cel::literal(container_name(rule_.library));
    words_["VOLUME"] = cel::literal(words::volume);
    words_["MOUNT"] = cel::literal(rule_.configuration.mount_path + '/');
    add("no-other-injector", "!object.spec.?initContainers.orValue([]).exists(c, c.name.matches($SERVED))");
    add("name-is-free",
        "!object.spec.containers.exists(c, c.name == $CONTAINER)"
        " && !object.spec.?initContainers.orValue([]).exists(c, c.name == $CONTAINER)"
        " && !object.spec.?volumes.orValue([]).exists(v, v.name == $VOLUME)");
    add("mount-is-free",
        "$MEANT.all(c, c.?volumeMounts.orValue([]).all(m,"
        " !(m.mountPath + \"/\").startsWith($MOUNT) && !$MOUNT.startsWith(m.mountPath.endsWith(\"/\")"
        " ? m.mountPath : m.mountPath + \"/\")))");
  }

  // As hindrance().
  void variables() {
    std::string all;
    for (const Variable& variable : rule_.environment) {
      words_["NAME"] = cel::literal(variable.name);
      words_["OURS"] = cel::literal(variable.value);
      all += (all.empty() ? "" : " && ") +
             cel::fill("$ENV.filter(e, e.name == $NAME).size() < 2 && !$ENV.exists(e, e.name == $NAME && (", words_) +
             "has(e.valueFrom)" +
             (variable.merge == Merge::set ? cel::fill(R"( || !(e.?value.orValue("") in ["", $OURS]))", words_) : "") +
             "))";
    }
    words_["ALL"] = all;
    add("variables", "$MEANT.all(c, $ALL)");
  }

  // As shortage().
  void room() {
    words_["LEAST"] = "quantity(" + cel::literal(std::to_string(least_memory)) + ')';
    words_["PAYLOAD"] = std::to_string(rule_.version.bytes) + ".0";
    words_["OF_POD"] = R"(object.spec.?resources.?limits[?"memory"])";
    words_["OF_C"] = R"(c.?resources.?limits[?"memory"])";
    words_["STORAGE"] = R"(c.?resources.?limits[?"ephemeral-storage"])";
    words_["LIMITED"] = cel::fill("object.spec.containers.filter(c, $STORAGE.hasValue())", words_);
    add("memory",
        "$MEANT.exists(c, !$OF_C.hasValue() || !quantity($OF_C.value()).isLessThan($LEAST))"
        " && (!$OF_POD.hasValue() || !quantity($OF_POD.value()).isLessThan($LEAST))");
    add("ephemeral-storage",
        "$LIMITED.size() == 0"
        " || $LIMITED.map(c, quantity($STORAGE.value()).asApproximateFloat()).sum() >= $PAYLOAD");
  }

  const PolicyRule& rule_;
  std::map<std::string, std::string> words_;
  Json list_ = Json::array();
};

}  // namespace

std::map<std::string, std::string> policy_words(const PolicyRule& rule) {
  std::map<std::string, std::string> words = {
      {"ANNOTATIONS", "object.metadata.?annotations.orValue({})"},
      {"LABELS", "object.metadata.?labels.orValue({})"},
      {"ENV", "c.?env.orValue([])"},
      {"TERMS",
       "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms"
       ".orValue([])"}};
  words["MEANT"] = meant(rule, words);
  return words;
}

Json policy_conditions(const PolicyRule& rule) { return Conditions(rule).all(); }

}  // namespace injector
