#include <algorithm>

#include "core/environment.h"
#include "core/text.h"
#include "webhook/cel.h"
#include "webhook/container.h"
#include "webhook/decision.h"
#include "webhook/identity.h"
#include "webhook/pod.h"
#include "webhook/policy_rule.h"
#include "webhook/resources.h"
#include "webhook/variables.h"
#include "webhook/versions.h"
#include "webhook/wishes.h"
#include "webhook/words.h"

namespace injector {
namespace {

// All that comes into one variable: expressions of texts, of which an empty one is not known.
struct Joined {
  Variable like;
  bool of_attributes = false;
  std::vector<std::string> parts;
};

// An expression of the name or value that a pattern stands for in the container c with the number i.
std::string in_container(const std::string& pattern, const std::map<std::string, std::vector<std::string>>& facts) {
  std::string text = replace_all(cel::literal(pattern), "{container}", "\" + c.name + \"");
  for (const auto& [fact, patterns] : facts) {
    text = replace_all(text, '{' + fact + '}', "\" + variables." + fact + "[i] + \"");
  }
  return text;
}

// The first that the Pod has, as a label or else as an annotation, for each container.
std::string said(const std::vector<std::string>& patterns, std::map<std::string, std::string> words) {
  std::string all;
  for (const std::string& pattern : patterns) {
    words["NAME"] = in_container(pattern, {});
    all += cel::fill(R"($LABELS[?$NAME].orValue(""), $ANNOTATIONS[?$NAME].orValue(""), )", words);
  }
  return "object.spec.containers.map(c, ([" + all +
         "\"\"].filter(text, text != \"\") + [\"\"])[0].replace(\"$\", \"$$\"))";
}

class PatchText {
 public:
  explicit PatchText(const PolicyRule& rule) : rule_(rule), words_(policy_words(rule)) {}

  std::string all() {
    for (const Variable& variable : rule_.environment) join(variable, false, cel::literal(variable.value));
    for (const Variable& variable : rule_.vocabulary.variables)
      join(variable, is_attributes(variable), known_part(variable));
    for (const Json& entry : rule_.profile.variables_for(rule_.vocabulary.name)) {
      if (const Variable* like = attributes_in(entry, rule_.vocabulary)) join_attributes(*like, entry);
    }
    each("!has(c.env)", "/env", "[]");
    for (const Joined& joined : joined_) change_present(joined);
    for (const Joined& joined : joined_) insert_absent(joined);
    profile_variables();
    each("!has(c.volumeMounts)", "/volumeMounts", "[]");
    each("true", "/volumeMounts/-", cel::literal(mount_in_application(rule_.configuration)));
    append("/spec", "volumes", volume_for(rule_.version.bytes, rule_.version.entries));
    install();
    for (const std::string& name : rule_.configuration.image_pull_secrets) pull_secret(name);
    annotations();
    return text_;
  }

 private:
  void add(const std::string& operations) { text_ += (text_.empty() ? "" : " +\n") + operations; }

  static std::string operation(const std::string& path, const std::string& value) {
    return "JSONPatch{op: \"add\", path: " + path + ", value: " + value + '}';
  }

  // An operation for each container that is meant, c, and for which the condition holds.
  void each(const std::string& condition, const std::string& path, const std::string& value) {
    each_at(condition, cel::literal(path), value);
  }
  void each_at(const std::string& condition, const std::string& path, const std::string& value) {
    add(cel::fill("object.spec.containers.transformList(i, c, c.name in variables.meant && " + condition + ",\n  " +
                      operation("\"/spec/containers/\" + string(i) + " + path, value) + ')',
                  words_));
  }

  void only_if(const std::string& condition, const std::string& path, const std::string& value) {
    add(cel::fill('(' + condition + " ? [" + operation(path, value) + "] : [])", words_));
  }

  void append(const std::string& parent, const std::string& list, const Json& value) {
    only_if("!has(object.spec." + list + ')', cel::literal(parent + '/' + list), "[]");
    add('[' + operation(cel::literal(parent + '/' + list + "/-"), cel::literal(value)) + ']');
  }

  void join(const Variable& variable, bool of_attributes, const std::string& part) {
    const auto known = std::find_if(joined_.begin(), joined_.end(),
                                    [&](const Joined& joined) { return joined.like.name == variable.name; });
    if (known == joined_.end()) {
      joined_.push_back({variable, of_attributes, {part}});
    } else if (variable.merge != Merge::set) {
      known->parts.insert(variable.merge == Merge::prepend ? known->parts.begin() : known->parts.end(), part);
    }
  }

  // A variable of the vocabulary: empty where a fact in it is not known.
  std::string known_part(const Variable& variable) const {
    std::string condition = "true";
    for (const auto& [fact, patterns] : rule_.vocabulary.labels) {
      if (variable.value.find('{' + fact + '}') != std::string::npos) {
        condition += " && variables." + fact + "[i] != \"\"";
      }
    }
    return '(' + condition + " ? " + in_container(variable.value, rule_.vocabulary.labels) + " : \"\")";
  }

  // A profile's: where the Pod's labels say the same, they count.
  void join_attributes(const Variable& like, const Json& entry) {
    std::vector<std::string> attributes = names_in(text_at(entry, {"value"}), like.separator);
    std::reverse(attributes.begin(), attributes.end());  // each goes in front
    for (const std::string& attribute : attributes) {
      std::string part = cel::literal(attribute);
      for (const Variable& variable : rule_.vocabulary.variables) {
        if (variable.name != like.name || key_of(variable.value) != key_of(attribute)) continue;
        part = '(' + known_part(variable) + " == \"\" ? " + part + " : \"\")";
      }
      join(like, true, part);
    }
  }

  // What is joined with present, an expression: the parts that are known, and not in it yet; of attributes, those whose
  // key is not.
  std::string parts_for(const Joined& joined, const std::string& present) {
    std::string parts;
    for (const std::string& part : joined.parts) parts += (parts.empty() ? "" : ", ") + part;
    words_["PRESENT"] = present;
    words_["SEPARATOR"] = cel::literal(joined.like.separator);
    if (joined.like.merge == Merge::set)
      return cel::fill("[" + parts + "].filter(p, p != \"\" && $PRESENT == \"\")", words_);
    if (joined.of_attributes) {
      return cel::fill("[" + parts +
                           "].filter(p, p != \"\" && !$PRESENT.split($SEPARATOR).exists("
                           "a, a.trim().split(\"=\")[0] == p.split(\"=\")[0]))",
                       words_);
    }
    return cel::fill("[" + parts +
                         "].filter(p, p != \"\" && "
                         "!($SEPARATOR + $PRESENT + $SEPARATOR).contains($SEPARATOR + p + $SEPARATOR))",
                     words_);
  }

  std::string value_for(const Joined& joined, const std::string& present) {
    const std::string parts = parts_for(joined, present);
    const std::string there = '[' + present + ']';
    const std::string all = joined.like.merge == Merge::append ? there + " + " + parts : parts + " + " + there;
    return '(' + all + ").filter(p, p != \"\").join(" + cel::literal(joined.like.separator) + ')';
  }

  void change_present(const Joined& joined) {
    words_["NAME"] = cel::literal(joined.like.name);
    const std::string present = cel::fill(R"($ENV.filter(e, e.name == $NAME)[0].?value.orValue(""))", words_);
    each_at("$ENV.exists_one(e, e.name == $NAME) && !$ENV.exists(e, e.name == $NAME && has(e.valueFrom)) && " +
                parts_for(joined, present) + ".size() > 0",
            cel::fill(R"("/env/" + string($ENV.map(e, e.name).indexOf($NAME)) + "/value")", words_),
            value_for(joined, present));
  }

  // Beside what the image sets, as far as the configuration says so.
  std::string set_by_image(const Joined& joined) const {
    std::string text = "\"\"";
    const auto& images = rule_.configuration.images;
    for (auto image = images.rbegin(); image != images.rend(); ++image) {
      const auto value = image->variables.find(joined.like.name);
      if (value == image->variables.end() || value->second.empty()) continue;
      text = "(c.?image.orValue(\"\").matches(" + cel::any_of({image->image}) + ") ? " +
             cel::literal(escaped(value->second)) + " : " + text + ')';
    }
    return text;
  }

  void insert_absent(const Joined& joined) {
    words_["NAME"] = cel::literal(joined.like.name);
    const std::string present = joined.like.merge == Merge::set ? "\"\"" : set_by_image(joined);
    each("!$ENV.exists(e, e.name == $NAME) && " + parts_for(joined, present) + ".size() > 0", "/env/0",
         "{\"name\": $NAME, \"value\": " + value_for(joined, present) + '}');
  }

  // The last one first, for each goes in front.
  void profile_variables() {
    std::vector<Json> entries = rule_.profile.variables_for(rule_.vocabulary.name);
    std::erase_if(entries, [&](const Json& entry) { return attributes_in(entry, rule_.vocabulary) != nullptr; });
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      const std::string_view name = text_at(*entry, {"name"});
      const auto same = [&](const Json& other) { return text_at(other, {"name"}) == name; };
      if (std::find_if(entries.begin(), entries.end(), same) != std::prev(entry.base())) continue;
      words_["NAME"] = cel::literal(name);
      std::string condition = "!$ENV.exists(e, e.name == $NAME)";
      for (const Joined& joined : joined_) {
        if (joined.like.name == name) condition += " && " + parts_for(joined, "\"\"") + ".size() == 0";
      }
      each(condition, "/env/0", cel::literal(*entry));
    }
  }

  // The first in the list. Its resources are those of one container, see resources_from().
  void install() {
    Wish wish;
    wish.library = &rule_.library;
    const std::string image = image_of(rule_.version, rule_.configuration.registry);
    const auto container = [&](const Json& pod) {
      return cel::literal(init_container(pod, wish, image, Json::object(), rule_.configuration));
    };
    const Json root = {{"spec", {{"securityContext", {{"runAsUser", 0}}}}}};
    only_if("!has(object.spec.initContainers)", R"("/spec/initContainers")", "[]");
    add('[' +
        operation(R"("/spec/initContainers/0")", "object.spec.?securityContext.?runAsUser.orValue(1) == 0\n    ? " +
                                                     container(root) + "\n    : " + container(Json::object())) +
        ']');
    words_["COPIED"] = cel::literal(copied_resources);
    only_if("variables.roomiest.size() > 0", R"("/spec/initContainers/0/resources")",
            "variables.roomiest.map(c, {\"requests\": " + copy_of("requests") + ", \"limits\": " + copy_of("limits") +
                "})[0]");
  }

  static std::string copy_of(const std::string& kind) {
    return "c.resources.?" + kind + ".orValue({}).transformMap(name, value, name in $COPIED, value)";
  }

  void pull_secret(const std::string& name) {
    if (name == rule_.configuration.image_pull_secrets.front()) {
      only_if("!has(object.spec.imagePullSecrets)", R"("/spec/imagePullSecrets")", "[]");
    }
    words_["NAME"] = cel::literal(name);
    only_if(R"(!object.spec.?imagePullSecrets.orValue([]).exists(s, s.?name.orValue("") == $NAME))",
            R"("/spec/imagePullSecrets/-")", cel::literal({{"name", name}}));
  }

  void annotate(std::string_view name, const std::string& value) {
    add('[' + operation(cel::literal("/metadata/annotations/" + pointer_part(name)), value) + ']');
  }

  void annotations() {
    only_if("!has(object.metadata.annotations)", R"("/metadata/annotations")", "{}");
    annotate(words::status, cel::literal(name_of(Verdict::injected)));
    annotate(words::libraries, cel::literal(Json({{rule_.library.name, rule_.version.version}}).dump()));
    words_["EVICTABLE"] = cel::literal(words::evictable);
    words_["VOLUME"] = cel::literal(words::volume);
    words_["PATH"] = cel::literal("/metadata/annotations/" + pointer_part(words::evictable));
    add(
        cel::fill("[$ANNOTATIONS[?$EVICTABLE].orValue(\"\")]"
                  ".filter(text, !text.split(\",\").exists(name, name.trim() == $VOLUME)).map(text, " +
                      operation("$PATH", "text == \"\" ? $VOLUME : text + \",\" + $VOLUME") + ')',
                  words_));
  }

  const PolicyRule& rule_;
  std::map<std::string, std::string> words_;
  std::vector<Joined> joined_;
  std::string text_;
};

}  // namespace

Json policy_variables(const PolicyRule& rule) {
  std::map<std::string, std::string> words = policy_words(rule);
  words["OF_C"] = R"(c.?resources.?limits[?"memory"])";
  words["OF_D"] = R"(d.?resources.?limits[?"memory"])";
  const auto variable = [&](const std::string& name, std::string_view expression) {
    return Json{{"name", name}, {"expression", cel::fill(expression, words)}};
  };
  Json all = {variable("meant", "$MEANT.map(c, c.name)"),
              variable("roomiest",
                       "$MEANT.filter(c, !$MEANT.exists(d, $OF_C.hasValue() && (!$OF_D.hasValue() ||"
                       " quantity($OF_C.value()).isLessThan(quantity($OF_D.value()))))).filter(c, has(c.resources))")};
  for (const auto& [fact, patterns] : rule.vocabulary.labels) all.push_back(variable(fact, said(patterns, words)));
  return all;
}

std::string policy_patch(const PolicyRule& rule) { return PatchText(rule).all(); }

}  // namespace injector
