#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/manifest.h"
#include "injector/bundle.h"
#include "injector/compare.h"
#include "injector/context.h"
#include "injector/records.h"

namespace injector {

// Which top-level names of a target the records of a library claim, and those that lie in the stages of runs that did
// not come to their end. Everybody who can write to the volume can have written a record, so a claim alone is not
// enough to remove anything: may_remove says what is.
class Ownership {
 public:
  // folder: .injector, where it is there.
  Ownership(const std::optional<Directory>& folder, const Bundle& bundle);

  // .injector/NAME, where it is there; what it lists is empty where it is not.
  const std::optional<Directory>& library() const { return library_; }
  const records::Listing& listing() const { return listing_; }
  // The record is the bundle's, and so is its signature, where keys were given.
  bool record_is_current() const { return record_is_current_; }
  bool selection_is_current() const { return selection_is_current_; }
  Modes modes() const { return keeps_modes_ ? Modes::kept : Modes::of_the_mount; }
  bool claims(const std::string& name) const;
  // Names that earlier versions had and this one has not.
  std::vector<std::string> outdated() const;
  // Whether what has a name in a directory is claimed, and belongs to this user or is to the last byte what a record
  // says of it. A run that did not end may have lost its race for a name: to its record, only the last counts.
  bool may_remove(const std::string& name, const Status& status, const Directory& parent, const Context& context) const;

 private:
  bool has_signature() const;
  std::optional<Manifest> try_read(const Directory& folder, const std::string& record) const;
  void add_claims(const Manifest& manifest, const std::string& record);
  void add_pending(const std::string& stage);
  // Whether the name is what that record says, as a whole or as its selection takes it.
  bool is_as_recorded(const std::string& name, const std::string& record, const Directory& parent,
                      const Context& context) const;

  const Bundle& bundle_;
  std::optional<Directory> library_;
  std::map<std::string, std::vector<std::string>> claims_;  // name, records
  std::vector<Manifest> pending_;                           // of stages
  records::Listing listing_;
  bool record_is_current_ = false;
  bool selection_is_current_ = false;
  bool keeps_modes_ = true;
};

// Which names the records of the other libraries of a target claim. Reads them when it is first asked.
class OtherLibraries {
 public:
  explicit OtherLibraries(std::string own) : own_(std::move(own)) {}
  // The library, if any, that claims the name.
  std::optional<std::string> owner_of(const std::string& name, const Directory& folder);

 private:
  std::string own_;
  std::optional<std::map<std::string, std::string>> owners_;  // name, library
};

}  // namespace injector
