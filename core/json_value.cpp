#include "core/json_value.h"

#include <nlohmann/json.hpp>

#include "core/manifest.h"

namespace injector {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse_document(const std::string& path, const std::string& problem) {
  throw Error(Reason::manifest_invalid, path, problem, "Correct the file.");
}

// Sees each event of the parser: the tree that it builds would take the last of two keys, and any depth.
class Watch {
 public:
  Watch(std::string path, int depth) : path_(std::move(path)), depth_(depth) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    if (depth > depth_) refuse_document(path_, "is nested more than " + std::to_string(depth_) + " deep");
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key && !keys_.back().insert(value.get<std::string>()).second) {
      refuse_document(path_, "the key " + value.get<std::string>() + " is there twice");
    }
    return true;
  }

 private:
  std::string path_;
  int depth_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

void check_json_text(std::string_view bytes, const std::string& path) {
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    throw Error(Reason::manifest_invalid, path, "begins with a byte-order mark");
  }
  // The parser takes a NUL for the end of the text.
  if (bytes.find('\0') != std::string_view::npos) throw Error(Reason::manifest_invalid, path, "has a NUL byte");
}

std::string json_problem(std::string_view what) {
  const std::size_t end = what.find("] ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

Json parse_json(std::string_view bytes, const std::string& path, const JsonLimits& limits) {
  if (bytes.size() > limits.bytes) refuse_document(path, "has more than " + std::to_string(limits.bytes) + " bytes");
  check_json_text(bytes, path);
  Watch watch(path, limits.depth);
  try {
    return Json::parse(bytes.begin(), bytes.end(), std::ref(watch));
  } catch (const Json::exception& error) {
    refuse_document(path, "is not JSON: " + json_problem(error.what()));
  }
}

JsonValue::JsonValue(const Json& value, std::string path, std::string place)
    : value_(&value), path_(std::move(path)), place_(std::move(place)) {}

void JsonValue::refuse(const std::string& problem) const {
  refuse_document(path_, (place_.empty() ? "the document" : place_) + ' ' + problem);
}

void JsonValue::refuse_in(const std::string& problem) const {
  refuse_document(path_, place_.empty() ? problem : place_ + ": " + problem);
}

void JsonValue::check_keys(const std::set<std::string>& keys, const std::set<std::string>& optional) const {
  if (!value_->is_object()) refuse_in("an object is missing");
  for (const auto& member : value_->items()) {
    const bool known = keys.contains(member.key()) || optional.contains(member.key());
    if (!known) refuse_in("the key " + member.key() + " is unknown");
  }
  for (const std::string& key : keys) {
    if (!has(key)) refuse_in("the key " + key + " is missing");
  }
}

bool JsonValue::has(const std::string& key) const { return value_->contains(key); }

JsonValue JsonValue::at(const std::string& key) const {
  return {value_->at(key), path_, place_.empty() ? key : place_ + '.' + key};
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::members() const {
  if (!value_->is_object()) refuse_in("an object is missing");
  std::vector<std::pair<std::string, JsonValue>> members;
  for (const auto& member : value_->items()) members.emplace_back(member.key(), at(member.key()));
  return members;
}

std::string JsonValue::text() const {
  if (!value_->is_string()) refuse("is not a string");
  std::string text = value_->get<std::string>();
  if (text.size() > max_text) refuse("has more than " + std::to_string(max_text) + " bytes");
  return text;
}

bool JsonValue::flag() const {
  if (!value_->is_boolean()) refuse("is not true or false");
  return value_->get<bool>();
}

std::uint64_t JsonValue::number() const {
  if (!value_->is_number_unsigned()) refuse("is no whole number");
  const auto number = value_->get<std::uint64_t>();
  if (number > Manifest::max_number) refuse("is beyond 2^53");
  return number;
}

std::vector<JsonValue> JsonValue::list() const {
  if (!value_->is_array()) refuse("is no list");
  if (value_->size() > max_list) refuse("has more than " + std::to_string(max_list) + " elements");
  std::vector<JsonValue> list;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    list.emplace_back((*value_)[i], path_, place_ + '[' + std::to_string(i) + ']');
  }
  return list;
}

std::vector<JsonValue> JsonValue::list_at(const std::string& key) const {
  return has(key) ? at(key).list() : std::vector<JsonValue>();
}

bool JsonValue::flag_at(const std::string& key) const { return has(key) && at(key).flag(); }

std::string JsonValue::dump() const { return value_->dump(); }

}  // namespace injector
