#pragma once

#include <string>

#include "injector/slots.h"
#include "injector/stage.h"

namespace injector {

// Makes what is staged visible, one rename a name: who looks sees the old entry or the new one, whole. There is no way
// back: where a step fails, what is published stays so, and the next run goes on, as it must after SIGKILL.
class Publisher {
 public:
  Publisher(const Site& site, Stage& stage) : site_(site), stage_(stage) {}

  // The record that lies in the stage, with its signature; an old one stays as previous-DIGEST.json until the clean-up.
  void publish_record();
  // Of what is kept beside the record, the selection or the signature, what lies in the stage; where none lies there,
  // the one of the record goes.
  void publish_beside(const char* name);
  // A top-level entry. Throws name_taken where something else has the name by now, and leaves it there.
  void publish(const Slot& slot);
  // Moves an entry that no version has any more into the stage, unless something else has the name by now.
  void retire(const Slot& slot);

 private:
  void replace(const Slot& slot);
  void replace_aside(const Slot& slot);
  void move_away(const Slot& slot);
  void give_back(const Directory& from, const std::string& name);
  [[noreturn]] void refuse(const std::string& name) const;

  const Site& site_;
  Stage& stage_;
};

}  // namespace injector
