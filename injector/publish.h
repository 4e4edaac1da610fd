#pragma once

#include <string>
#include <vector>

#include "core/directory.h"
#include "injector/stage.h"

namespace injector {

// Makes what is staged visible, one rename a name: who looks sees the old entry or the new one, whole. What was
// published before a later step failed is taken back by the destructor, unless commit was called.
class Publisher {
 public:
  Publisher(const Directory& target, const Directory& library, const Stage& stage)
      : target_(target), library_(library), stage_(stage) {}
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // The record that lies in the stage; an old one stays as previous-DIGEST.json until the clean-up.
  void publish_record();
  // The selection that lies in the stage; where none lies there, the one of the record goes.
  void publish_selection();
  // A top-level entry. A directory that is not ours goes to replaced, if that is given.
  void publish(const std::string& name, const Directory* replaced);
  void commit() { committed_ = true; }

 private:
  // How a step is taken back, between a name of the target or the stage and a name in another directory:
  enum class Step {
    moved,          // the staged entry is there: it goes back into the stage
    exchanged,      // the old entry is there: it is swapped back
    moved_aside,    // the old entry is there, and its name may be ours by now: both go back
    selection_old,  // the record's selection is in old/: it goes back
    record_new,     // the record is removed
    record_linked,  // the old record is there too: it gets its name back
  };
  struct Done {
    Step step;
    std::string name;
    const Directory* other;
    std::string other_name;
  };

  void replace(const std::string& name);
  void move_away(const std::string& name, const Directory& replaced);
  void undo(const Done& done);

  const Directory& target_;
  const Directory& library_;
  const Stage& stage_;
  std::vector<Done> done_;
  bool committed_ = false;
};

}  // namespace injector
