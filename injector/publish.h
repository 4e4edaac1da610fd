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
  // A top-level entry. A directory that is not ours goes to replaced, if that is given.
  void publish(const std::string& name, const Directory* replaced);
  void commit() { committed_ = true; }

 private:
  enum class Step { placed, exchanged, moved_aside, lent, swapped_away, set_aside, record_new, record_replaced };
  struct Done {
    Step step;
    std::string name;
    std::string kept = {};  // its name in replaced
  };

  void replace(const std::string& name);
  void move_away(const std::string& name, const Directory& replaced);
  void undo(const Done& done);

  const Directory& target_;
  const Directory& library_;
  const Stage& stage_;
  std::vector<Done> done_;
  std::string previous_;
  const Directory* replaced_ = nullptr;
  bool committed_ = false;
};

}  // namespace injector
