#include "webhook/patch.h"

#include "core/error.h"

namespace injector {

void Patch::add(const std::string& pointer, Json value) {
  // The library adds nothing to a text or a number, and does not say so; the API server does.
  const Json::json_pointer at(pointer);
  if (!document_.at(at.parent_pointer()).is_structured()) {
    throw Error(Reason::manifest_invalid, pointer, "has a parent that can hold nothing");
  }
  operations_.push_back({{"op", "add"}, {"path", pointer}, {"value", std::move(value)}});
  document_.patch_inplace(Json::array({operations_.back()}));
}

void Patch::ensure(const std::string& object, const std::string& key, const Json& empty) {
  const Json& parent = document_.at(Json::json_pointer(object));
  const auto member = parent.find(key);
  // null is what a client may write for a list that is not there
  if (member == parent.end() || member->is_null()) add(object + '/' + pointer_part(key), empty);
}

void Patch::add_member(const std::string& object, const std::string& key, Json value) {
  const std::size_t slash = object.rfind('/');
  ensure(object.substr(0, slash), object.substr(slash + 1), Json::object());
  add(object + '/' + pointer_part(key), std::move(value));
}

void Patch::insert(const std::string& object, const std::string& list, std::size_t number, Json value) {
  ensure(object, list, Json::array());
  add(object + '/' + list + '/' + std::to_string(number), std::move(value));
}

}  // namespace injector
