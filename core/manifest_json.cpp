#include "core/manifest_json.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/json_value.h"

namespace injector {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t schema_version = 1;

// The keys of all objects of the document: a bit each, so that one given twice or missing shows.
enum class Key : unsigned {
  schema_version,
  name,
  version,
  environment,
  entries,  // the document
  path,
  type,
  mode,
  size,
  sha256,
  target,
  selectors,  // an entry
  value,
  merge,
  separator,  // a variable, with name
};

constexpr unsigned bit(Key key) { return 1U << static_cast<unsigned>(key); }

template <typename... Keys>
constexpr unsigned bits(Keys... keys) {
  return (bit(keys) | ...);
}

struct KeyName {
  std::string_view text;
  Key key;
};

constexpr std::array key_names = {
    KeyName{"schemaVersion", Key::schema_version},
    KeyName{"name", Key::name},
    KeyName{"version", Key::version},
    KeyName{"environment", Key::environment},
    KeyName{"entries", Key::entries},
    KeyName{"path", Key::path},
    KeyName{"type", Key::type},
    KeyName{"mode", Key::mode},
    KeyName{"size", Key::size},
    KeyName{"sha256", Key::sha256},
    KeyName{"target", Key::target},
    KeyName{"selectors", Key::selectors},
    KeyName{"value", Key::value},
    KeyName{"merge", Key::merge},
    KeyName{"separator", Key::separator},
};

std::string_view text_of(Key key) {
  for (const KeyName& name : key_names) {
    if (name.key == key) return name.text;
  }
  return "";
}

constexpr unsigned document_keys = bits(Key::schema_version, Key::name, Key::version, Key::environment, Key::entries);
constexpr unsigned variable_keys = bits(Key::name, Key::value, Key::merge, Key::separator);
constexpr unsigned directory_keys = bits(Key::path, Key::type, Key::mode);
constexpr unsigned file_keys = directory_keys | bits(Key::size, Key::sha256);
constexpr unsigned symlink_keys = bits(Key::path, Key::type, Key::target);

constexpr std::array<std::pair<std::string_view, Merge>, 3> merges = {
    {{"set", Merge::set}, {"append", Merge::append}, {"prepend", Merge::prepend}}};

std::string_view text_of(Merge merge) {
  for (const auto& [text, value] : merges) {
    if (value == merge) return text;
  }
  return "";
}

// Receives the parser's events and fills a Manifest: no tree of the document is ever built.
class Reader : public Json::json_sax_t {
 public:
  enum class Start { document, environment };

  Reader(Manifest& manifest, std::string path, Start start)
      : manifest_(manifest), path_(std::move(path)), start_(start) {}

  bool null() override { wrong("null"); }
  bool boolean(bool /*value*/) override { wrong("a boolean"); }
  bool number_integer(number_integer_t /*value*/) override { wrong("a negative number"); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { wrong("not a whole number"); }
  bool binary(binary_t& /*value*/) override { wrong("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (value > Manifest::max_number) wrong("a number beyond 2^53");
    if (place_ == Place::document && key_ == Key::schema_version) {
      if (value != schema_version) fail("schemaVersion is " + std::to_string(value) + ", this program reads 1");
    } else if (place_ == Place::entry && key_ == Key::size) {
      size_ = value;
    } else {
      wrong("a number");
    }
    return true;
  }

  bool string(string_t& value) override {
    switch (place_) {
      case Place::document:
        if (key_ != Key::name && key_ != Key::version) wrong("a string");
        (key_ == Key::name ? name_ : version_) = std::move(value);
        return true;
      case Place::entry:
        if (key_ == Key::size || key_ == Key::selectors) wrong("a string");
        break;
      case Place::selectors:
        selectors_.back().second = std::move(value);
        return true;
      case Place::variable:
        break;
      default:
        wrong("a string");
    }
    strings_.at(static_cast<std::size_t>(key_)) = std::move(value);
    return true;
  }

  bool start_object(std::size_t /*elements*/) override {
    if (place_ == Place::nothing && start_ == Start::document) {
      place_ = Place::document;
    } else if (place_ == Place::entry && key_ == Key::selectors) {
      place_ = Place::selectors;
    } else if (place_ == Place::entries || place_ == Place::environment) {
      outer_seen_ = seen_;
      seen_ = 0;
      place_ = place_ == Place::entries ? Place::entry : Place::variable;
    } else {
      wrong("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    if (place_ == Place::selectors) {
      for (const auto& selector : selectors_) {
        if (selector.first == value) fail("the key " + value + " is there twice");
      }
      selectors_.emplace_back(std::move(value), "");
      return true;
    }
    for (const KeyName& name : key_names) {
      if (name.text != value || (bit(name.key) & allowed()) == 0) continue;
      if ((bit(name.key) & seen_) != 0) fail("the key " + value + " is there twice");
      seen_ |= bit(name.key);
      key_ = name.key;
      return true;
    }
    fail("the key " + json_string(value) + " is unknown");
  }

  bool end_object() override {
    if (place_ == Place::document) {
      require(document_keys);
      manifest_.set_identity(name_, version_);
      place_ = Place::end;
      return true;
    }
    if (place_ == Place::selectors) {
      place_ = Place::entry;
      return true;
    }
    if (place_ == Place::entry) {
      add_entry();
      place_ = Place::entries;
    } else {
      add_variable();
      place_ = Place::environment;
    }
    seen_ = outer_seen_;
    return true;
  }

  bool start_array(std::size_t /*elements*/) override {
    if (place_ == Place::nothing && start_ == Start::environment) {
      place_ = Place::environment;
    } else if (place_ == Place::document && key_ == Key::entries) {
      place_ = Place::entries;
    } else if (place_ == Place::document && key_ == Key::environment) {
      place_ = Place::environment;
    } else {
      wrong("an array");
    }
    return true;
  }

  bool end_array() override {
    place_ = start_ == Start::document ? Place::document : Place::end;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& error) override {
    fail("byte " + std::to_string(position) + ": " + json_problem(error.what()));
  }

 private:
  enum class Place { nothing, document, entries, entry, selectors, environment, variable, end };

  [[noreturn]] void fail(std::string problem) const {
    throw Error(Reason::manifest_invalid, path_, std::move(problem));
  }

  [[noreturn]] void wrong(std::string_view found) const {
    const bool in_object =
        place_ == Place::document || place_ == Place::entry || place_ == Place::selectors || place_ == Place::variable;
    fail(std::string(in_object ? text_of(key_) : "the document") + " cannot be " + std::string(found));
  }

  unsigned allowed() const {
    if (place_ == Place::document) return document_keys;
    return place_ == Place::variable ? variable_keys : file_keys | symlink_keys | bit(Key::selectors);
  }

  std::string take(Key key) { return std::exchange(strings_.at(static_cast<std::size_t>(key)), {}); }

  // The object's keys must be exactly these; optional ones may be there as well.
  void require(unsigned keys, unsigned optional = 0) const {
    for (const KeyName& name : key_names) {
      if ((keys & ~seen_ & bit(name.key)) != 0) fail("the key " + std::string(name.text) + " is missing");
      if ((seen_ & ~(keys | optional) & bit(name.key)) != 0) {
        fail("the key " + std::string(name.text) + " has no place in this type of entry");
      }
    }
  }

  std::uint32_t take_mode() {
    const std::string text = take(Key::mode);
    if (text == "0644") return 0644;
    if (text == "0755") return 0755;
    fail("mode is " + json_string(text) + ", neither \"0644\" nor \"0755\"");
  }

  void add_entry() {
    const std::string type = take(Key::type);
    const std::string path = take(Key::path);
    if (type == "file") {
      require(file_keys, bit(Key::selectors));
      const auto digest = Digest::parse(take(Key::sha256));
      if (!digest) fail("sha256 of " + path + " is not 64 lower-case hexadecimal digits");
      manifest_.add_file(path, take_mode(), size_, *digest);
    } else if (type == "directory") {
      require(directory_keys, bit(Key::selectors));
      manifest_.add_directory(path, take_mode());
    } else if (type == "symlink") {
      require(symlink_keys, bit(Key::selectors));
      manifest_.add_symlink(path, take(Key::target));
    } else {
      fail("type of " + path + " is " + json_string(type) + ", not directory, file or symlink");
    }
    if ((seen_ & bit(Key::selectors)) == 0) return;
    if (selectors_.empty()) fail("selectors of " + path + " is empty");
    manifest_.set_selectors({selectors_.begin(), selectors_.end()});
    selectors_.clear();
  }

  void add_variable() {
    const std::string merge = take(Key::merge);
    require(bits(Key::name, Key::value, Key::merge), merge == "set" ? 0U : bit(Key::separator));
    for (const auto& [text, value] : merges) {
      if (text != merge) continue;
      manifest_.add_variable({take(Key::name), take(Key::value), value, take(Key::separator)});
      return;
    }
    fail("merge is " + json_string(merge) + ", not set, append or prepend");
  }

  Manifest& manifest_;
  std::string path_;
  Start start_;
  Place place_ = Place::nothing;
  Key key_ = Key::schema_version;
  unsigned seen_ = 0;
  unsigned outer_seen_ = 0;
  std::array<std::string, key_names.size()> strings_;
  std::uint64_t size_ = 0;
  std::vector<std::pair<std::string, std::string>> selectors_;
  std::string name_;
  std::string version_;
};

void read(Manifest& manifest, std::string_view bytes, const std::string& path, Reader::Start start) {
  check_json_text(bytes, path);
  Reader reader(manifest, path, start);
  Json::sax_parse(bytes.begin(), bytes.end(), &reader);
}

// With the end of the entry.
void print_selectors(std::string& out, const Selectors& selectors) {
  for (const auto& [key, value] : selectors) {
    out += key == selectors.begin()->first ? ", \"selectors\": {" : ", ";
    out += json_string(key) + ": " + json_string(value);
  }
  out += selectors.empty() ? "}" : "}}";
}

void print_entry(std::string& out, const Manifest& manifest, std::uint32_t index) {
  const Entry& entry = manifest[index];
  out += "{\"path\": " + json_string(manifest.path_of(index)) + ", \"type\": \"";
  out += name_of(entry.type);
  out += '"';
  if (entry.type == EntryType::symlink) {
    out += ", \"target\": " + json_string(manifest.link_target_of(index));
    print_selectors(out, manifest.selectors_of(index));
    return;
  }
  out += entry.mode == 0755 ? ", \"mode\": \"0755\"" : ", \"mode\": \"0644\"";
  if (entry.type == EntryType::file) {
    out += ", \"size\": " + std::to_string(entry.size) + ", \"sha256\": \"" + entry.digest.text() + '"';
  }
  print_selectors(out, manifest.selectors_of(index));
}

}  // namespace

std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Manifest parse_manifest(std::string_view bytes, const std::string& path) {
  Manifest manifest(Reason::manifest_invalid, path);
  read(manifest, bytes, path, Reader::Start::document);
  manifest.finish();
  return manifest;
}

std::vector<Variable> parse_environment(std::string_view bytes, const std::string& path) {
  Manifest manifest(Reason::manifest_invalid, path);
  read(manifest, bytes, path, Reader::Start::environment);
  return manifest.environment();
}

std::string print_environment(const std::vector<Variable>& environment) {
  std::string out = "[";
  for (const Variable& variable : environment) {
    out += out.size() == 1 ? "\n" : ",\n";
    out += "{\"name\": " + json_string(variable.name) + ", \"value\": " + json_string(variable.value);
    out += ", \"merge\": \"" + std::string(text_of(variable.merge)) + '"';
    if (variable.merge != Merge::set) out += ", \"separator\": " + json_string(variable.separator);
    out += '}';
  }
  return out + (environment.empty() ? "]" : "\n]");
}

std::string print_manifest(const Manifest& manifest) {
  std::string out = "{\n\"schemaVersion\": 1,\n\"name\": " + json_string(manifest.name());
  out += ",\n\"version\": " + json_string(manifest.version());
  out += ",\n\"environment\": " + print_environment(manifest.environment()) + ",\n\"entries\": [\n";
  for (std::uint32_t i = 0; i < manifest.size(); ++i) {
    print_entry(out, manifest, i);
    out += i + 1 < manifest.size() ? ",\n" : "\n";
  }
  return out + "]\n}\n";
}

}  // namespace injector
