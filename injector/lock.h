#pragma once

#include <chrono>
#include <optional>

#include "core/directory.h"
#include "injector/context.h"

namespace injector {

// The lock of a directory, for one injector at a time: flock(2) on a file in it, which the kernel lets go when its
// holder ends, however that happens. That file's name may be taken away and given to another file while it is held; who
// holds a lock has seen afterwards that name and file were one. Where a volume keeps locks to the node (some network
// and FUSE file systems), injectors on two nodes do not see each other: each name of the target is whole even so, but
// one of them can end with an error.
class Lock {
 public:
  // The file's name in the directory.
  static constexpr const char* name = "lock";

  // Empty where another process holds it. Throws target_not_writable or target_read_only where this user cannot have
  // it, target_unsafe where something else has the name.
  static std::optional<Lock> try_take(const Directory& directory);
  // The same in a directory that is this process's own: the file is surely made by it. Empty where there is one
  // already.
  static std::optional<Lock> try_create(const Directory& directory);
  // Waits for the other process. Throws lock_timeout as well.
  static Lock take(const Directory& directory, std::chrono::seconds timeout, const Context& context);

  // Of the file: what one that this process creates here looks like.
  Status status() const { return file_.status(); }

  // Leaves in the file who holds it, for somebody who waits in vain; where that cannot be, nothing happens.
  void name_holder();
  // Who holds the lock of the directory and left his name: "pid 7 on HOST". Empty where nobody does, or what is there
  // is no such name. A hint: anybody who writes to the volume can have written it.
  static std::optional<std::string> try_read_holder(const Directory& directory);

 private:
  explicit Lock(File file) : file_(std::move(file)) {}
  static std::optional<Lock> try_hold(const Directory& directory, File file);
  File file_;
};

}  // namespace injector
