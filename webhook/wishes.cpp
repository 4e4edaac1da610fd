#include "webhook/wishes.h"

#include <algorithm>
#include <map>

#include "webhook/image_reference.h"
#include "webhook/pattern.h"
#include "webhook/pod.h"
#include "webhook/words.h"

namespace injector {
namespace {

using Meaning = Vocabulary::Meaning;

// One annotation that asks for something.
struct Asked {
  std::size_t precedence = 0;  // the least wins
  Meaning meaning = Meaning::version;
  std::string value;
  std::string annotation;

  bool same_thing(const Asked& other) const { return meaning == other.meaning && value == other.value; }
};

// For one library: by container, and under the empty name for all that are meant.
using ByContainer = std::map<std::string, Asked>;

void keep_the_winner(ByContainer& asked, const std::string& container, Asked one) {
  const auto [known, is_new] = asked.emplace(container, one);
  if (!is_new && one.precedence < known->second.precedence) known->second = std::move(one);
}

// Reads a Pod in the words of one vocabulary.
class Reading {
 public:
  Reading(const Json& pod, const Catalog& catalog, const Vocabulary& vocabulary, Wishes& wishes)
      : pod_(pod), catalog_(catalog), vocabulary_(vocabulary), wishes_(wishes) {}

  void read() {
    for (const auto& [name, value] : object_at(pod_, {"metadata", "annotations"}).items()) {
      if (value.is_string()) read_annotation(name, value.get_ref<const std::string&>());
    }
    if (is_off()) return;
    if (by_library_.empty() && everything_) ask_for_everything();
    if (by_library_.empty() && is_on()) note(Why::nothing_named, vocabulary_.power->label + " names no library");
    for (const auto& [word, asked] : by_library_) wish_for(word, asked);
  }

  bool is_off() {
    if (!vocabulary_.power) return false;
    const std::string_view value = label(pod_, vocabulary_.power->label);
    if (value == vocabulary_.power->off) {
      note(Why::switched_off, vocabulary_.power->label + " is " + vocabulary_.power->off);
      return true;
    }
    if (!value.empty() && value != vocabulary_.power->on) {
      note(Why::not_understood, vocabulary_.power->label + " is " + std::string(value));
    }
    return false;
  }

  // The containers that are meant where nobody names one.
  std::vector<std::string> usual_containers() const {
    std::vector<std::string> names;
    for (const Json& container : list_at(pod_, {"spec", "containers"})) {
      names.emplace_back(text_at(container, {"name"}));
    }
    if (vocabulary_.all_containers || names.empty()) return names;
    const std::string_view chosen = annotation(pod_, words::default_container);
    if (!chosen.empty() && container_named(pod_, chosen) != nullptr) return {std::string(chosen)};
    const auto own = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return std::none_of(vocabulary_.sidecars.begin(), vocabulary_.sidecars.end(),
                          [&](const std::string& sidecar) { return like(sidecar, name); });
    });
    return {own == names.end() ? names.front() : *own};
  }

 private:
  void note(Why why, std::string text) { wishes_.notes.push_back({why, std::move(text)}); }

  bool is_on() const { return vocabulary_.power && label(pod_, vocabulary_.power->label) == vocabulary_.power->on; }

  // A name without places means itself, whatever else it would match.
  void read_annotation(const std::string& name, const std::string& value) {
    for (const bool exact : {true, false}) {
      for (std::size_t at = 0; at < vocabulary_.requests.size(); ++at) {
        const Vocabulary::Request& request = vocabulary_.requests[at];
        if ((request.annotation.find('{') == std::string::npos) != exact) continue;
        const auto places = match(request.annotation, name);
        if (!places) continue;
        if (request.meaning == Meaning::all) {
          everything_ = true;
        } else {
          keep_the_winner(by_library_[places->library], places->container, {at, request.meaning, value, name});
        }
        return;
      }
    }
    for (const std::string& pattern : vocabulary_.unsupported) {
      if (match(pattern, name)) return note(Why::unsupported, name);
    }
  }

  void ask_for_everything() {
    for (const Library& library : catalog_.libraries) {
      const auto word = library.names.find(vocabulary_.name);
      if (word != library.names.end() && !library.sidecar) by_library_[word->second][""] = {0, Meaning::all, "", ""};
    }
  }

  const Library* library_of(const std::string& word) const {
    const auto found = std::find_if(catalog_.libraries.begin(), catalog_.libraries.end(), [&](const Library& library) {
      const auto name = library.names.find(vocabulary_.name);
      return name != library.names.end() && name->second == word;
    });
    return found == catalog_.libraries.end() ? nullptr : &*found;
  }

  std::string known_words() const {
    std::string words;
    for (const Library& library : catalog_.libraries) {
      const auto word = library.names.find(vocabulary_.name);
      if (word != library.names.end()) words += (words.empty() ? "" : ", ") + word->second;
    }
    return words;
  }

  // Those that an annotation of the vocabulary lists, else the usual ones.
  std::vector<std::string> containers_for(const std::string& word) const {
    for (const std::string& pattern : vocabulary_.container_annotations) {
      const std::string_view listed = annotation(pod_, fill(pattern, {word, ""}));
      if (!listed.empty()) return names_in(listed);
    }
    return usual_containers();
  }

  void wish_for(const std::string& word, const ByContainer& asked) {
    Wish wish;
    wish.library = library_of(word);
    wish.vocabulary = &vocabulary_;
    const auto general = asked.find("");
    if (wish.library == nullptr) {
      return note(Why::unknown_library, asked.begin()->second.annotation + ": " + word +
                                            " is not in the catalog, which has " + known_words());
    }
    std::vector<std::string> names = general == asked.end() ? std::vector<std::string>() : containers_for(word);
    for (const auto& [container, unused] : asked) {
      const bool known = container.empty() || std::find(names.begin(), names.end(), container) != names.end();
      if (!known) names.push_back(container);
    }
    const Asked* taken = nullptr;
    for (const std::string& name : names) {
      if (container_named(pod_, name) == nullptr) {
        note(Why::unknown_container, wish.library->name + " is asked for in " + name + ", which the Pod has not");
        continue;
      }
      const Asked& one = winner(asked, name);
      if (taken == nullptr) taken = &one;
      if (taken->same_thing(one)) {
        wish.containers.push_back(name);
      } else {
        note(Why::two_versions, name + " asks for another " + wish.library->name + " than " + wish.containers.front());
      }
    }
    if (taken != nullptr && understand(*taken, wish)) wishes_.all.push_back(std::move(wish));
  }

  static const Asked& winner(const ByContainer& asked, const std::string& container) {
    const auto general = asked.find("");
    const auto special = asked.find(container);
    if (special == asked.end()) return general->second;
    const bool general_wins = general != asked.end() && general->second.precedence < special->second.precedence;
    return general_wins ? general->second : special->second;
  }

  bool understand(const Asked& asked, Wish& wish) {
    switch (asked.meaning) {
      case Meaning::version:
        wish.version = asked.value;
        break;
      case Meaning::image:
        if (!is_image_reference(asked.value)) {
          note(Why::not_understood, asked.annotation + " is \"" + asked.value + "\", which is no image");
          return false;
        }
        wish.image = asked.value;
        break;
      case Meaning::all:
        wish.version = "latest";
        break;
      case Meaning::profile:
        if (asked.value == "false" || asked.value.empty()) {
          note(Why::refused, asked.annotation + " is \"" + asked.value + '"');
          return false;
        }
        if (asked.value != "true") wish.profile = asked.value;
        wish.version = "latest";
        break;
    }
    return choose(wish);
  }

  bool choose(Wish& wish) {
    const std::string& word = wish.library->names.at(vocabulary_.name);
    for (const Vocabulary::Selection& selection : vocabulary_.selections) {
      const std::string_view value = annotation(pod_, selection.annotation);
      if (selection.library != word || value.empty()) continue;
      const auto meant = selection.values.find(std::string(value));
      if (meant == selection.values.end()) {
        note(Why::not_understood, selection.annotation + " is " + std::string(value));
        return false;
      }
      wish.select.push_back(meant->second);
    }
    return true;
  }

  const Json& pod_;
  const Catalog& catalog_;
  const Vocabulary& vocabulary_;
  Wishes& wishes_;
  std::map<std::string, ByContainer> by_library_;
  bool everything_ = false;
};

void add_those_of_the_rule(const Json& pod, const std::string& profile, const Profile& has, const Catalog& catalog,
                           Wishes& wishes) {
  for (const auto& [name, version] : has.libraries) {
    const auto library = std::find_if(catalog.libraries.begin(), catalog.libraries.end(),
                                      [&name = name](const Library& known) { return known.name == name; });
    const Vocabulary* vocabulary = library == catalog.libraries.end() ? nullptr : vocabulary_of(*library, catalog);
    if (vocabulary == nullptr) {
      wishes.notes.push_back({Why::unknown_library, "the profile " + profile + ": " + name + " is not in the catalog"});
      continue;
    }
    Reading reading(pod, catalog, *vocabulary, wishes);
    Wish wish;
    wish.library = &*library;
    wish.vocabulary = vocabulary;
    wish.version = version;
    wish.profile = profile;
    wish.containers = reading.usual_containers();
    wishes.all.push_back(std::move(wish));
  }
}

}  // namespace

const Vocabulary* vocabulary_of(const Library& library, const Catalog& catalog) {
  const auto found =
      std::find_if(catalog.vocabularies.begin(), catalog.vocabularies.end(),
                   [&](const Vocabulary& vocabulary) { return library.names.contains(vocabulary.name); });
  return found == catalog.vocabularies.end() ? nullptr : &*found;
}

Wishes wishes_of(const Json& pod, std::string_view rule, const Configuration& configuration, const Catalog& catalog) {
  Wishes wishes;
  for (const Vocabulary& vocabulary : catalog.vocabularies) Reading(pod, catalog, vocabulary, wishes).read();
  if (rule.empty()) return wishes;
  const Rule* called = configuration.rule(rule);
  if (called == nullptr) {
    wishes.notes.push_back({Why::unknown_profile, "the configuration has no rule " + std::string(rule)});
    return wishes;
  }
  for (Wish& wish : wishes.all) {
    if (wish.profile == "default") wish.profile = called->profile;
  }
  if (wishes.all.empty() && wishes.notes.empty()) {
    add_those_of_the_rule(pod, called->profile, *configuration.profile(called->profile), catalog, wishes);
  }
  return wishes;
}

}  // namespace injector
