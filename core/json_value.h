#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace injector {

// How small documents are read, strictly and with one line for what is wrong: library.json, catalog.json. A manifest
// has a reader of its own, for it may have a million entries.

struct JsonLimits {
  std::size_t bytes;  // of the document
  int depth;          // of nesting: what reads or copies a value calls itself as deep as it is
};

// Throws Error(manifest_invalid) where bytes is no JSON in UTF-8, has a NUL or a byte-order mark, the same key twice in
// one object, or more than limits allow. path is for messages, here and below.
nlohmann::json parse_json(std::string_view bytes, const std::string& path, const JsonLimits& limits);

// What the parser would let pass. Throws the same.
void check_json_text(std::string_view bytes, const std::string& path);

// What a parser's exception says, without its number.
std::string json_problem(std::string_view what);

// A value of a document and where it stands there: `libraries[0].name`. It refers to the document, which must outlive
// it. Whatever is not as it was asked for is thrown as Error(manifest_invalid).
class JsonValue {
 public:
  static constexpr std::size_t max_text = 4095;  // bytes: a path of Linux
  static constexpr std::size_t max_list = 1024;  // elements: beyond all of ours, for each is held against many others

  JsonValue(const nlohmann::json& value, std::string path, std::string place = {});

  const std::string& path() const { return path_; }
  const std::string& place() const { return place_; }
  // problem: a clause without its subject, which is the value.
  [[noreturn]] void refuse(const std::string& problem) const;

  // An object that has all of keys, and nothing beside them but the optional ones.
  void check_keys(const std::set<std::string>& keys, const std::set<std::string>& optional = {}) const;
  bool has(const std::string& key) const;
  // key must be there.
  JsonValue at(const std::string& key) const;
  // Of an object, in the order of their names.
  std::vector<std::pair<std::string, JsonValue>> members() const;

  std::string text() const;             // may be empty, of at most max_text bytes
  bool flag() const;                    // true or false
  std::uint64_t number() const;         // whole, up to 2^53
  std::vector<JsonValue> list() const;  // of at most max_list
  // What a key that may be absent has: nothing, and false, where it is.
  std::vector<JsonValue> list_at(const std::string& key) const;
  bool flag_at(const std::string& key) const;

  // As JSON.
  std::string dump() const;

 private:
  [[noreturn]] void refuse_in(const std::string& problem) const;

  const nlohmann::json* value_;
  std::string path_;
  std::string place_;
};

}  // namespace injector
