#pragma once

#include <functional>
#include <string>
#include <utility>

#include "core/directory.h"
#include "core/error.h"

namespace injector {

// Removes a name of a directory, with all below it, unless it is dismissed. Make it before what it guards: then
// nothing is left where making it fails half-way.
class TreeGuard {
 public:
  TreeGuard(const Directory& parent, std::string name, std::function<void(const Error&)> on_failure)
      : parent_(parent), name_(std::move(name)), on_failure_(std::move(on_failure)) {}
  ~TreeGuard() {
    if (dismissed_) return;
    try {
      remove();
    } catch (...) {
      // There is no memory to say so either; what is left the next run removes.
    }
  }
  TreeGuard(const TreeGuard&) = delete;
  TreeGuard& operator=(const TreeGuard&) = delete;

  const std::string& name() const { return name_; }
  void dismiss() { dismissed_ = true; }

 private:
  void remove() {
    try {
      parent_.remove_tree(name_);
    } catch (const Error& error) {
      on_failure_(error);
    }
  }

  const Directory& parent_;
  std::string name_;
  std::function<void(const Error&)> on_failure_;
  bool dismissed_ = false;
};

}  // namespace injector
