#pragma once

#include <string>

#include "webhook/json.h"

namespace injector {

// A JSON Patch (RFC 6902) that is made by changing a copy of the document: an operation is built from what is there, so
// that it applies.
class Patch {
 public:
  explicit Patch(const Json& original) : document_(original), operations_(Json::array()) {}

  const Json& document() const { return document_; }
  const Json& operations() const { return operations_; }

  // "add" at a JSON pointer: a member of an object, new or not, or an element in front of the one with that number. Its
  // parent is there.
  void add(const std::string& pointer, Json value);
  // The same, after the object or list that is to hold it was added where it is absent.
  void add_member(const std::string& object, const std::string& key, Json value);
  void insert(const std::string& object, const std::string& list, std::size_t number, Json value);

 private:
  void ensure(const std::string& object, const std::string& key, const Json& empty);

  Json document_;
  Json operations_;
};

}  // namespace injector
