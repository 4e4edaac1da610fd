#pragma once

#include <optional>
#include <string>

#include "core/directory.h"
#include "injector/bundle.h"
#include "injector/context.h"
#include "injector/lock.h"

namespace injector {

// Where an install works: what the steps from staging to clean-up share.
struct Site {
  const Directory& target;
  const Directory& folder;   // .injector
  const Directory& library;  // .injector/NAME
  const Bundle& bundle;
  const Context& context;
};

// A directory .injector/NAME/stage-RANDOM, invisible to applications:
//   lock    held by the run that fills it: only a stage whose lock is free is anybody else's to remove
//   new/    what will be published; and then, what was exchanged for it
//   lent/   what will be exchanged for a stranger's directory; and then, for a moment, that directory
//   old/    what was moved aside, where the file system has no exchange
// It goes with this object. Nothing of a stranger goes with it: what is in lent/ and is not to the last byte what the
// bundle says, and directories of another user, are moved to .injector/replaced/ before; and what is in old/ while its
// name in the target is free is put back there. What cannot be removed, the next run removes.
class Stage {
 public:
  // Makes sure that the directory it works in is the one it made: another user may own the directory above.
  explicit Stage(const Site& site);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // The same for the stage of a run that was killed; nothing happens where its run is still at work.
  static void remove(const Site& site, const std::string& name);

  const Directory& root() const { return root_; }
  const Directory& fresh() const { return fresh_; }
  const Directory& lent();
  const Directory& old();
  // Everything was published, and all that is in here can go without a look.
  void is_published() { published_ = true; }

 private:
  struct Made;
  static Made make(const Site& site);
  Stage(const Site& site, Made made);

  Site site_;
  std::string name_;
  Directory root_;
  Lock lock_;
  Directory fresh_;
  std::optional<Directory> lent_, old_;
  bool published_ = false;
};

}  // namespace injector
