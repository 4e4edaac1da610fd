#include "webhook/knowledge.h"

#include "core/error.h"
#include "core/file.h"
#include "webhook/yaml.h"

namespace injector {

std::string read_input(const std::string& path, std::size_t limit) {
  auto file = File::try_open(path == "-" ? "/dev/stdin" : path);
  if (!file) throw Error(Reason::input_not_found, path, "does not exist");
  std::string all;
  std::string buffer(File::buffer_size, '\0');
  while (const std::size_t count = file->read(buffer)) {
    all.append(buffer, 0, count);
    if (all.size() > limit) {
      throw Error(Reason::manifest_invalid, path, "is larger than " + std::to_string(limit) + " bytes");
    }
  }
  return all;
}

Knowledge read_knowledge(const KnowledgeFiles& files) {
  Knowledge knowledge;
  knowledge.catalog = parse_catalog(read_input(files.catalog, Catalog::limits.bytes), files.catalog);
  if (files.configuration.empty()) return knowledge;
  const std::string text = read_input(files.configuration, Configuration::max_document);
  const std::vector<Json> documents = parse_yaml(text, files.configuration);
  if (documents.size() > 1) {
    throw Error(Reason::manifest_invalid, files.configuration, "holds more than one document", "Correct the file.");
  }
  if (!documents.empty()) knowledge.configuration = read_configuration(documents.front(), files.configuration);
  return knowledge;
}

}  // namespace injector
