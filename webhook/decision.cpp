#include "webhook/decision.h"

#include <algorithm>

#include "core/error.h"
#include "webhook/additive.h"
#include "webhook/container.h"
#include "webhook/guards.h"
#include "webhook/identity.h"
#include "webhook/limits.h"
#include "webhook/patch.h"
#include "webhook/pattern.h"
#include "webhook/pod.h"
#include "webhook/quantity.h"
#include "webhook/resources.h"
#include "webhook/variables.h"
#include "webhook/versions.h"
#include "webhook/wishes.h"
#include "webhook/words.h"

namespace injector {
namespace {

// A wish that can be fulfilled, and by what.
struct Plan {
  Wish wish;  // its containers: those in which it can be
  const Profile* profile = nullptr;
  std::string image;
  std::string shown_version;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::vector<Variable> environment;  // under the names of the profile, with the mount
};

bool lies_within(std::string_view path, std::string_view place) {
  while (place.ends_with('/')) place.remove_suffix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

// Makes the plans for one Pod, and carries them out on its copy.
class Injection {
 public:
  // rule: the one that was called; nullptr for none.
  Injection(const Json& pod, const Rule* rule, const Configuration& configuration, Decision& decision)
      : rule_(rule), configuration_(configuration), decision_(decision), patch_(pod) {}

  void fulfil(std::vector<Wish> wishes) {
    for (Wish& wish : wishes) {
      if (auto plan = planned(std::move(wish))) plans_.push_back(std::move(*plan));
    }
    if (plans_.empty()) return;
    for (std::size_t number = 0; number < plans_.size(); ++number) add(plans_[number], number);
    add_volume();
    add_pull_secrets();
    add_annotations();
    settle();
  }

 private:
  const Json& pod() const { return patch_.document(); }
  void note(Why why, std::string text) {
    const Note one{why, std::move(text)};
    std::vector<Note>& notes = decision_.notes;
    if (std::find(notes.begin(), notes.end(), one) == notes.end()) notes.push_back(one);
  }
  bool noted(const std::optional<Note>& found) {
    if (found) decision_.notes.push_back(*found);
    return found.has_value();
  }

  std::optional<Plan> planned(Wish wish) {
    Plan plan;
    plan.wish = std::move(wish);
    const bool possible = choose_profile(plan) && choose_image(plan) && has_names(plan) &&
                          (plan.wish.library->sidecar ? may_run_beside(plan) : may_install(plan));
    return possible ? std::optional(std::move(plan)) : std::nullopt;
  }

  bool choose_profile(Plan& plan) {
    plan.profile = configuration_.profile(plan.wish.profile);
    if (plan.profile == nullptr) note(Why::unknown_profile, "the configuration has no profile " + plan.wish.profile);
    return plan.profile != nullptr;
  }

  bool choose_image(Plan& plan) {
    const Library& library = *plan.wish.library;
    const LibraryVersion* version = resolve(library, plan.wish.image.empty() ? plan.wish.version : "latest");
    if (version == nullptr) {
      note(Why::unknown_version,
           library.name + " has no version " + plan.wish.version + "; there is " + versions_of(library));
      return false;
    }
    plan.image = plan.wish.image.empty() ? image_of(*version, configuration_.registry) : plan.wish.image;
    plan.shown_version = plan.wish.image.empty() ? version->version : plan.wish.image;
    if (!library.sidecar) {
      plan.bytes = version->bytes;
      plan.entries = version->entries;
    }
    plan.environment = environment_of(*version, *plan.profile, configuration_);
    return !plan.wish.image.empty() || !noted(misfit(pod(), version->architectures, configuration_));
  }

  const Json* container_of(const Plan& plan) const {
    return container_named(pod(), container_name(*plan.wish.library));
  }

  bool has_names(const Plan& plan) {
    const Json* taken = container_of(plan);
    if (taken != nullptr && !is_ours(*taken)) {
      note(Why::name_taken, "the Pod has a container " + container_name(*plan.wish.library) + " of its own");
      return false;
    }
    if (!plan.wish.library->sidecar && volume_in(pod()) == VolumeThere::foreign) {
      note(Why::name_taken, "the Pod has a volume " + std::string(words::volume) + " of its own");
      return false;
    }
    return true;
  }

  bool may_install(Plan& plan) {
    std::erase_if(plan.wish.containers, [&](const std::string& name) { return is_hindered(plan, name); });
    return !plan.wish.containers.empty() && has_room(plan);
  }

  bool may_run_beside(Plan& plan) {
    if (plan.wish.containers.empty()) return false;
    if (container_of(plan) != nullptr) return true;  // added by a call that was allowed to
    const Library& library = *plan.wish.library;
    if (noted(obstacle_beside(pod(), library, rule_))) return false;
    const Vocabulary& vocabulary = *plan.wish.vocabulary;
    const std::string named_by = fill(vocabulary.executable, {library.names.at(vocabulary.name), ""});
    const std::string program(annotation(pod(), named_by));
    if (program.empty()) note(Why::nothing_named, named_by + " names no program for " + library.name);
    plan.environment.push_back({library.sidecar->variable, escaped(program), Merge::set, ""});
    return !program.empty();
  }

  // Where a container has a volume or a device of its own, and ours would not be seen, or could not be mounted.
  std::string_view taken_path(const Json& container) const {
    for (const auto& [list, key] : {std::pair("volumeMounts", "mountPath"), std::pair("volumeDevices", "devicePath")}) {
      for (const Json& mount : list_at(container, {list})) {
        const std::string_view path = text_at(mount, {key});
        if (text_at(mount, {"name"}) == words::volume && path == configuration_.mount_path) continue;
        if (lies_within(path, configuration_.mount_path) || lies_within(configuration_.mount_path, path)) return path;
      }
    }
    return {};
  }

  bool is_hindered(const Plan& plan, const std::string& name) {
    ContainerPlace place;
    find_container(pod(), name, place);
    const Json& container = place.in(pod());
    const std::string_view path = taken_path(container);
    if (!path.empty()) {
      note(Why::mount_taken, name + " has something at " + std::string(path));
      return true;
    }
    const Surroundings surroundings = surroundings_of(plan, place);
    return std::any_of(plan.environment.begin(), plan.environment.end(),
                       [&](const Variable& variable) { return noted(hindrance(container, variable, surroundings)); });
  }

  std::vector<ContainerPlace> places_of(const Wish& wish) const {
    std::vector<ContainerPlace> places(wish.containers.size());
    for (std::size_t at = 0; at < places.size(); ++at) find_container(pod(), wish.containers[at], places[at]);
    return places;
  }

  bool has_room(const Plan& plan) {
    std::uint64_t payload = plan.bytes;
    for (const Plan& other : plans_) payload += other.bytes;
    return !noted(shortage(pod(), resources_from(pod(), places_of(plan.wish)), payload));
  }

  void add(const Plan& plan, std::size_t number) {
    if (plan.wish.library->sidecar) {
      run_beside(plan, number);
    } else {
      install(plan, number);
    }
    decision_.libraries[plan.wish.library->name] = plan.shown_version;
  }

  void run_beside(const Plan& plan, std::size_t number) {
    if (container_of(plan) != nullptr) return;
    const std::size_t before = patch_.operations().size();
    patch_.insert("/spec", "initContainers", number,
                  sidecar_container(*plan.wish.library, plan.image, rule_->sidecar_resources));
    set_variables(plan, {true, number}, plan.wish.containers.front(), before);
    patch_.add("/spec/shareProcessNamespace", true);
  }

  void install(const Plan& plan, std::size_t number) {
    const Wish& wish = plan.wish;
    if (container_named(pod(), container_name(*wish.library)) == nullptr) {
      const Json resources = resources_from(pod(), places_of(wish));
      patch_.insert("/spec", "initContainers", number,
                    init_container(pod(), wish, plan.image, resources, configuration_));
    }
    for (const std::string& name : wish.containers) {
      ContainerPlace place;
      find_container(pod(), name, place);
      const std::size_t before = patch_.operations().size();
      mount(place);
      set_variables(plan, place, name, before);
    }
  }

  void mount(const ContainerPlace& place) {
    const Json& mounts = list_at(place.in(pod()), {"volumeMounts"});
    const bool there = std::any_of(mounts.begin(), mounts.end(),
                                   [](const Json& entry) { return text_at(entry, {"name"}) == words::volume; });
    if (there) return;
    patch_.insert(place.pointer(), "volumeMounts", mounts.size(), mount_in_application(configuration_));
  }

  // before: the operations that there were when the library came to the container. Where its coming takes none, a call
  // before this one gave it the variables of its own profile.
  void set_variables(const Plan& plan, const ContainerPlace& place, const std::string& name, std::size_t before) {
    const Surroundings surroundings = surroundings_of(plan, place);
    for (const Variable& variable : plan.environment) merge(patch_, place, variable, surroundings);
    const bool is_new = patch_.operations().size() != before;
    for (const Variable& variable : identity_of(pod(), name, *plan.wish.vocabulary)) {
      // What the application says of itself stays.
      if (hindrance(place.in(pod()), variable, surroundings)) continue;
      (is_attributes(variable) ? merge_attributes : merge)(patch_, place, variable, surroundings);
    }
    if (is_new) add_those_of_the_profile(plan, place, surroundings);
  }

  void add_those_of_the_profile(const Plan& plan, const ContainerPlace& place, const Surroundings& surroundings) {
    const Vocabulary& vocabulary = *plan.wish.vocabulary;
    std::vector<Json> others;
    for (Json& entry : plan.profile->variables_for(vocabulary.name)) {
      if (const Variable* like = attributes_in(entry, vocabulary)) {
        const Variable list{like->name, std::string(text_at(entry, {"value"})), like->merge, like->separator};
        if (!hindrance(place.in(pod()), list, surroundings)) merge_attributes(patch_, place, list, surroundings);
      } else {
        others.push_back(std::move(entry));
      }
    }
    // behind those: what they refer to is in front of them
    add_absent(patch_, place, others, surroundings);
  }

  Surroundings surroundings_of(const Plan& plan, const ContainerPlace& place) const {
    const std::vector<std::string> in_env_from = names_in(annotation(pod(), words::env_from));
    Surroundings surroundings{{in_env_from.begin(), in_env_from.end()}, {}};
    for (const auto* variables : {&plan.environment, &plan.wish.vocabulary->variables}) {
      for (const Variable& variable : *variables) {
        const auto value = configuration_.image_variable(text_at(place.in(pod()), {"image"}), variable.name);
        if (!value.empty()) surroundings.image_sets[variable.name] = value;
      }
    }
    return surroundings;
  }

  void add_volume() {
    const auto runs_beside = [](const Plan& plan) { return plan.wish.library->sidecar.has_value(); };
    if (std::all_of(plans_.begin(), plans_.end(), runs_beside)) return;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
    for (const Plan& plan : plans_) {
      bytes += plan.bytes;
      entries += plan.entries;
    }
    const Json volume = volume_for(bytes, entries);
    if (volume_in(pod()) == VolumeThere::ours) return enlarge_volume(volume["emptyDir"]["sizeLimit"]);
    patch_.insert("/spec", "volumes", list_at(pod(), {"spec", "volumes"}).size(), volume);
  }

  // Somebody between two calls of ours may have asked for one more library.
  void enlarge_volume(const std::string& size) {
    const Json& volumes = list_at(pod(), {"spec", "volumes"});
    for (std::size_t number = 0; number < volumes.size(); ++number) {
      if (text_at(volumes[number], {"name"}) != words::volume) continue;
      const auto limit = parse_quantity(text_at(volumes[number], {"emptyDir", "sizeLimit"}));
      if (!limit || *limit >= *parse_quantity(size)) return;
      return patch_.add("/spec/volumes/" + std::to_string(number) + "/emptyDir/sizeLimit", size);
    }
  }

  void add_pull_secrets() {
    for (const std::string& name : configuration_.image_pull_secrets) {
      const Json& secrets = list_at(pod(), {"spec", "imagePullSecrets"});
      const Json secret = {{"name", name}};
      if (std::find(secrets.begin(), secrets.end(), secret) != secrets.end()) continue;
      patch_.insert("/spec", "imagePullSecrets", secrets.size(), secret);
    }
  }

  void annotate(std::string_view name, const std::string& value) {
    if (annotation(pod(), name) != value) patch_.add_member("/metadata/annotations", std::string(name), value);
  }

  void add_annotations() {
    if (patch_.operations().empty()) return;  // else every call again would find something to add
    decision_.verdict = decision_.notes.empty() ? Verdict::injected : Verdict::partial;
    annotate(words::status, std::string(name_of(decision_.verdict)));
    annotate(words::libraries, Json(decision_.libraries).dump());
    const bool told = !annotation(pod(), words::reasons).empty();  // by a call before this one
    if (told || !decision_.notes.empty()) annotate(words::reasons, lines_of(decision_.notes));
    if (volume_in(pod()) != VolumeThere::ours) return;
    const std::string evictable(annotation(pod(), words::evictable));
    const std::vector<std::string> volumes = names_in(evictable);
    if (std::find(volumes.begin(), volumes.end(), words::volume) == volumes.end()) {
      annotate(words::evictable, evictable + (evictable.empty() ? "" : ",") + std::string(words::volume));
    }
  }

  void settle() {
    if (patch_.operations().empty()) return note(Why::complete, "everything is there already");
    decision_.patch = patch_.operations();
    decision_.pod = patch_.document();
  }

  const Rule* rule_;
  const Configuration& configuration_;
  Decision& decision_;
  Patch patch_;
  std::vector<Plan> plans_;
};

Decision unchanged(std::vector<Note> notes) {
  Decision decision;
  decision.notes = std::move(notes);
  return decision;
}

// What is sent is proven here, not believed: that it applies, to what, and that it only adds.
Decision proven(Decision decision, const Json& pod) {
  if (decision.patch.empty()) return decision;
  if (const auto note = excess(pod, decision.pod)) {
    decision.notes.push_back(*note);
  } else if (pod.patch(decision.patch) == decision.pod && only_adds(pod, decision.pod)) {
    return decision;
  } else {
    decision.notes.push_back({Why::patch_unsafe, "the patch would change what it should leave: a fault of ours"});
  }
  return unchanged(std::move(decision.notes));
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::unchanged:
      return "unchanged";
    case Verdict::partial:
      return "partial";
    case Verdict::injected:
      return "injected";
  }
  return "";
}

Decision decide(const Json& pod, std::string_view space, std::string_view rule, const Configuration& configuration,
                const Catalog& catalog) {
  try {
    Wishes wishes = wishes_of(pod, rule, configuration, catalog);
    if (wishes.all.empty()) {
      if (wishes.notes.empty()) wishes.notes.push_back({Why::not_asked, ""});
      return unchanged(std::move(wishes.notes));
    }
    if (auto refused = refusal(pod, space, configuration, catalog)) return unchanged({*refused});
    Decision decision = unchanged(std::move(wishes.notes));
    Injection(pod, configuration.rule(rule), configuration, decision).fulfil(std::move(wishes.all));
    return proven(std::move(decision), pod);
  } catch (const Json::exception& error) {
    return unchanged(
        {{Why::patch_unsafe, std::string("the Pod is not of the form that it should have: ") + error.what()}});
  } catch (const Error& error) {
    return unchanged({{Why::patch_unsafe, error.path() + ": " + error.problem()}});
  }
}

}  // namespace injector
