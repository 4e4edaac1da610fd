#include "webhook/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "webhook/yaml_scalar.h"

namespace injector {
namespace {

using Json = nlohmann::json;

// What a value takes of the limits.
struct Weight {
  std::size_t nodes = 1;
  std::size_t text = 0;
  std::size_t depth = 0;
};

// Recursive: no value that is weighed is deeper than max_yaml_depth.
Weight weigh(const Json& value) {
  Weight all;
  if (const auto* text = value.get_ptr<const std::string*>()) all.text = text->size();
  if (!value.is_structured()) return all;
  for (const auto& [key, element] : value.items()) {
    const Weight one = weigh(element);
    all.nodes += one.nodes + (value.is_object() ? 1 : 0);
    all.text += one.text + (value.is_object() ? key.size() : 0);
    all.depth = std::max(all.depth, one.depth);
  }
  ++all.depth;
  return all;
}

// Builds the documents from what a parser reports of keys, values, beginnings and ends, within the limits.
class Builder {
 public:
  explicit Builder(std::string path) : path_(std::move(path)) {}

  std::vector<Json> take() { return std::move(documents_); }
  void at(std::size_t line) { line_ = line; }
  void begin_document() { anchors_.clear(); }

  // mark: this may be the key that merges.
  void scalar(Json value, const std::string& anchor = {}, bool mark = false) {
    charge(weigh(value));
    if (!anchor.empty()) remember(anchor, value);
    put(std::move(value), mark);
  }

  void begin(Json::value_t type, std::string anchor = {}) {
    if (frames_.size() >= max_yaml_depth) fail("is nested more than " + std::to_string(max_yaml_depth) + " deep");
    charge({});
    // What has no end yet stands for nothing.
    if (!anchor.empty()) anchors_.erase(anchor);
    frames_.push_back({Json(type), std::move(anchor), {}, {}, Next::key});
  }

  void end() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (!frame.anchor.empty()) remember(frame.anchor, frame.value);
    put(std::move(frame.value), false);
  }

  void alias(const std::string& name) {
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) fail("the alias " + name + " has no anchor");
    const Weight weight = weigh(found->second);
    charge(weight);
    if (frames_.size() + weight.depth > max_yaml_depth) fail("the alias " + name + " is nested too deep");
    put(found->second, false);
  }

  [[noreturn]] void fail(const std::string& problem) const {
    const std::string where = line_ == 0 ? "" : "line " + std::to_string(line_) + ": ";
    throw Error(Reason::manifest_invalid, path_, where + problem, "Correct it.");
  }

 private:
  enum class Next { key, value, merge };

  struct Frame {
    Json value;
    std::string anchor;
    std::string key;
    std::set<std::string> merged;  // keys that no line gave: one may
    Next next;                     // of an object
  };

  void charge(const Weight& weight) {
    nodes_ += weight.nodes;
    text_ += weight.text;
    if (nodes_ > max_yaml_nodes) fail("has more than " + std::to_string(max_yaml_nodes) + " values, aliases counted");
    if (text_ > max_yaml_text) fail("has more than " + std::to_string(max_yaml_text) + " bytes, aliases counted");
  }

  void remember(const std::string& anchor, const Json& value) {
    charge(weigh(value));
    anchors_[anchor] = value;
  }

  Json json(Json value) const {
    auto converted = yaml_value(std::move(value));
    if (!converted) fail("JSON has no such number");
    return std::move(*converted);
  }

  void put(Json value, bool mark) {
    if (frames_.empty()) {
      if (!value.is_null()) documents_.push_back(json(std::move(value)));
    } else if (frames_.back().value.is_array()) {
      frames_.back().value.push_back(json(std::move(value)));
    } else {
      put_in(frames_.back(), std::move(value), mark);
    }
  }

  void put_in(Frame& frame, Json value, bool mark) {
    const Next next = std::exchange(frame.next, Next::key);
    if (next == Next::key) {
      frame.next = mark ? Next::merge : Next::value;
      auto key = yaml_key(value);
      if (!key) fail("a key is neither a string, a number nor a boolean");
      frame.key = std::move(*key);
    } else if (next == Next::merge) {
      merge(frame, value);
    } else {
      if (frame.value.contains(frame.key) && frame.merged.erase(frame.key) == 0) {
        fail("the key " + frame.key + " is there twice");
      }
      frame.value[std::move(frame.key)] = json(std::move(value));
    }
  }

  // As kubectl does it: in the order of the lines, so that it also replaces what is above; of a list the first wins.
  void merge(Frame& frame, const Json& value) {
    if (value.is_array()) {
      for (auto element = value.rbegin(); element != value.rend(); ++element) merge_one(frame, *element);
    } else {
      merge_one(frame, value);
    }
  }

  void merge_one(Frame& frame, const Json& value) {
    if (!value.is_object()) fail("<< is neither a mapping nor a list of mappings");
    for (const auto& [key, element] : value.items()) {
      if (!frame.value.contains(key)) frame.merged.insert(key);
      frame.value[key] = element;
    }
  }

  std::string path_;
  std::size_t line_ = 0;
  std::size_t nodes_ = 0;
  std::size_t text_ = 0;
  std::vector<Json> documents_;
  std::vector<Frame> frames_;
  std::map<std::string, Json> anchors_;
};

// JSON for itself, for it may have what YAML has not: surrogates, and characters that YAML has to escape.
class JsonReader : public Json::json_sax_t {
 public:
  explicit JsonReader(Builder& builder) : builder_(builder) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return scalar(value); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*elements*/) override { return begin(Json::value_t::object); }
  bool key(string_t& value) override { return scalar(std::move(value)); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t /*elements*/) override { return begin(Json::value_t::array); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const Json::exception& /*error*/) override {
    return false;
  }

 private:
  bool scalar(Json value) {
    builder_.scalar(std::move(value));
    return true;
  }
  bool begin(Json::value_t type) {
    builder_.begin(type);
    return true;
  }
  bool end() {
    builder_.end();
    return true;
  }

  Builder& builder_;
};

// Empty where it is no JSON, or JSON that is refused: whoever reads it as YAML then can say in which line.
std::optional<std::vector<Json>> try_json(std::string_view bytes, const std::string& path) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  // The parser takes a NUL for the end of the text.
  if (first == bytes.npos || (bytes[first] != '{' && bytes[first] != '[') || bytes.find('\0') != bytes.npos) return {};
  Builder builder(path);
  JsonReader reader(builder);
  try {
    if (Json::sax_parse(bytes.begin(), bytes.end(), &reader)) return builder.take();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
  }
  return {};
}

std::string text_of(const yaml_char_t* text, std::size_t size) { return {reinterpret_cast<const char*>(text), size}; }

std::string text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

class YamlReader {
 public:
  YamlReader(std::string_view bytes, Builder& builder) : bytes_(bytes), builder_(builder) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  ~YamlReader() { yaml_parser_delete(&parser_); }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;

  // Hands one event on; false after the last.
  bool next() {
    Event event;
    if (yaml_parser_parse(&parser_, &event.event) == 0) fail();
    builder_.at(event.event.start_mark.line + 1);
    report(event.event);
    return event.event.type != YAML_STREAM_END_EVENT;
  }

 private:
  struct Event {
    yaml_event_t event{};
    Event() = default;
    ~Event() { yaml_event_delete(&event); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
  };

  [[noreturn]] void fail() {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    std::size_t line = parser_.problem_mark.line;
    if (parser_.error == YAML_READER_ERROR) {
      const auto read = bytes_.substr(0, parser_.problem_offset);
      line = static_cast<std::size_t>(std::count(read.begin(), read.end(), '\n'));
    }
    builder_.at(line + 1);
    builder_.fail(parser_.problem == nullptr ? "is no YAML" : parser_.problem);
  }

  void scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    const std::string text = text_of(scalar.value, scalar.length);
    const std::string tag = text_of(scalar.tag);
    const bool mark = text == "<<" && (scalar.plain_implicit != 0 || tag == yaml_merge_tag);
    auto value = resolve_scalar(text, tag, scalar.plain_implicit != 0);
    if (!value) builder_.fail("a value cannot be read as its tag says");
    builder_.scalar(std::move(*value), text_of(scalar.anchor), mark);
  }

  void report(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        return builder_.begin_document();
      case YAML_ALIAS_EVENT:
        return builder_.alias(text_of(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return builder_.begin(Json::value_t::array, text_of(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return builder_.begin(Json::value_t::object, text_of(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return builder_.end();
      default:
        return;
    }
  }

  yaml_parser_t parser_{};
  std::string_view bytes_;
  Builder& builder_;
};

}  // namespace

std::vector<Json> parse_yaml(std::string_view bytes, const std::string& path) {
  Builder builder(path);
  if (bytes.size() > max_yaml_bytes) builder.fail("is larger than " + std::to_string(max_yaml_bytes) + " bytes");
  if (auto documents = try_json(bytes, path)) return std::move(*documents);
  YamlReader reader(bytes, builder);
  while (reader.next()) {
  }
  return builder.take();
}

}  // namespace injector
