#pragma once

#include <optional>
#include <string>

#include "core/directory.h"
#include "injector/bundle.h"
#include "injector/context.h"
#include "injector/lock.h"
#include "injector/ownership.h"

namespace injector {

// Where an install works: what the steps from staging to clean-up share.
struct Site {
  const Directory& target;
  const Directory& folder;   // .injector
  const Directory& library;  // .injector/NAME
  const Bundle& bundle;
  const Ownership& ownership;
  const Context& context;
};

// A directory .injector/NAME/stage-RANDOM, invisible to applications:
//   lock            held by, and names, the run that fills it: only a stage whose lock is free is anybody else's to
//                   remove
//   manifest.json   the record that will be published, and the selection, where there is one
//   new/            what is being staged, and nothing else
//   publish/        new/, once it is whole: what will be published; and then, what was exchanged for it
//   old/            what was moved aside, where the file system has no exchange
//   gone/           old/, once nothing in it needs a look any more; publish/ is new/ again then
// It goes with this object, unless publishing began and did not end: then the manifest stays, for it says what is ours
// among what was published, and the next run removes it. Nothing of a stranger goes with a stage: what publish/ and
// old/ have that is neither what the manifest says nor may be removed (see Ownership) is moved to .injector/replaced/
// before, and what is in old/ while its name in the target is free is put back there.
class Stage {
 public:
  // Makes sure that the directory it works in is the one it made: another user may own the directory above.
  explicit Stage(const Site& site);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // The same for the stage of a run that was killed; nothing happens where its run is still at work.
  static void remove(const Site& site, const std::string& name);
  // Puts back alone what such a run had moved aside while its name in the target is free.
  static void put_back(const Directory& target, const Directory& library, const std::string& name);

  // What such a run was still to publish when it ended; empty where it had not begun to.
  static std::optional<Directory> try_open_unpublished(const Directory& library, const std::string& name);

  const Directory& root() const { return *root_; }
  const Directory& fresh() const { return *fresh_; }
  const Directory& old();
  // Everything is staged, and the record is written.
  void begin_publishing();
  // Everything is published, and all that is in here can go without a look.
  void end_publishing();

 private:
  struct Made;
  static Made make(const Site& site);
  Stage(const Site& site, Made made);
  void remove();

  Site site_;
  std::string name_;
  std::optional<Directory> root_;
  std::optional<Lock> lock_;
  std::optional<Directory> fresh_, old_;
  bool publishing_ = false;
};

}  // namespace injector
