#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "injector/bundle.h"
#include "injector/records.h"

namespace injector {

// Which top-level names of a target belong to a library, by its own records and by those of the others.
class Ownership {
 public:
  // folder: .injector, where it is there.
  Ownership(const std::optional<Directory>& folder, const Bundle& bundle);

  const records::Listing& listing() const { return listing_; }
  bool record_is_current() const { return record_is_current_; }
  bool selection_is_current() const { return selection_is_current_; }
  bool is_ours(const std::string& name) const { return ours_.contains(name); }
  // Names that earlier versions had and this one has not, and no other library claims.
  std::vector<std::string> outdated() const;
  // The other library that has the name, if any.
  std::optional<std::string> other_owner(const std::string& name) const;

 private:
  void add_ours(const Manifest& manifest);

  std::set<std::string> ours_;
  std::set<std::string> wanted_;
  std::vector<std::pair<std::string, std::string>> others_;  // name, library
  records::Listing listing_;
  bool record_is_current_ = false;
  bool selection_is_current_ = false;
};

}  // namespace injector
