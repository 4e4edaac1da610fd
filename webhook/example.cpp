#include "webhook/example.h"

namespace injector::example {
namespace {

LibraryVersion version(const std::string& number, const std::string& image, std::vector<Variable> environment) {
  LibraryVersion made;
  made.version = number;
  made.image = image;
  made.architectures = {"amd64"};
  made.bytes = std::uint64_t{25} << 20U;
  made.entries = 1;
  made.environment = std::move(environment);
  return made;
}

Vocabulary first() {
  Vocabulary vocabulary;
  vocabulary.name = "first";
  vocabulary.power = Vocabulary::Switch{"first.example/enabled", "true", "false"};
  vocabulary.requests = {{"first.example/{container}.{library}-lib.image", Vocabulary::Meaning::image},
                         {"first.example/{library}-lib.image", Vocabulary::Meaning::image},
                         {"first.example/{container}.{library}-lib.version", Vocabulary::Meaning::version},
                         {"first.example/{library}-lib.version", Vocabulary::Meaning::version},
                         {"first.example/all-lib.version", Vocabulary::Meaning::all}};
  vocabulary.unsupported = {"first.example/{library}-lib.config"};
  vocabulary.served = {"first-init-*"};
  vocabulary.labels = {{"service", {"first.example/{container}.service", "first.example/service"}},
                       {"version", {"first.example/version"}}};
  vocabulary.variables = {{"FIRST_SERVICE", "{service}", Merge::set, ""},
                          {"FIRST_VERSION", "{version}", Merge::set, ""}};
  return vocabulary;
}

Vocabulary second() {
  Vocabulary vocabulary;
  vocabulary.name = "second";
  vocabulary.requests = {{"second.example/inject-{library}", Vocabulary::Meaning::profile}};
  vocabulary.all_containers = false;
  vocabulary.container_annotations = {"second.example/{library}-containers", "second.example/containers"};
  vocabulary.selections = {{"second.example/platform", "snake", {{"small", "libc=musl"}}}};
  vocabulary.executable = "second.example/{library}-with";
  vocabulary.sidecars = {"mesh-*"};
  vocabulary.variables = {{"SECOND_ABOUT", "service={service}", Merge::prepend, ","}};
  return vocabulary;
}

}  // namespace

Catalog catalog() {
  const Variable options{"OPTIONS", "-agent:${target}/a.jar", Merge::append, " "};
  const Variable path{"SNAKEPATH", "${target}/snake", Merge::prepend, ":"};
  Catalog all;
  all.libraries = {
      {"a-agent",
       {{"first", "coffee"}},
       {},
       {version("1.64.0", "a:1.64.0", {options}), version("1.63.2", "a:1.63.2", {options}),
        version("0.9.0", "a:0.9.0", {options})}},
      {"b-agent", {{"second", "coffee"}}, {}, {version("2.1.0", "b:2", {options})}},
      {"beside", {{"second", "walk"}}, Sidecar{"beside/walker", {"KILL"}, "WALK_WITH"}, {version("1.0.0", "w:1", {})}},
      {"snake", {{"first", "snake"}, {"second", "snake"}}, {}, {version("3.0.0", "s:3", {path})}}};
  all.vocabularies = {first(), second()};
  return all;
}

Json pod(const Json& annotations) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", "web"}, {"annotations", annotations}}},
          {"spec", {{"containers", {{{"name", "app"}, {"image", "registry.example/app:1"}}}}}}};
}

}  // namespace injector::example
