#include "injector/holder.h"

#include "core/error.h"
#include "injector/lock.h"
#include "injector/records.h"

namespace injector {

std::string holder_of(const Directory& injector_folder) {
  unsigned looks = 64;  // of stages that a killed run left there is one for each library
  try {
    for (const std::string& library : records::libraries(injector_folder)) {
      const auto folder = injector_folder.try_open_directory(library);
      for (const std::string& stage : folder ? records::list(*folder).stages : std::vector<std::string>()) {
        if (looks-- == 0) return "";
        const auto root = folder->try_open_directory(stage);
        const auto holder = root ? Lock::try_read_holder(*root) : std::nullopt;
        if (holder) return " (" + *holder + ")";
      }
    }
  } catch (const Error&) {
    // Whatever is wrong there, that the lock is held is what has to be said.
  }
  return "";
}

}  // namespace injector
