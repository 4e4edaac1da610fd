#include "injector/target.h"

#include "core/error.h"

namespace injector {

Directory open_target(const std::string& path) {
  auto target = Directory::try_open(path, Access::write);
  if (target) {
    target->check_searchable();
    return std::move(*target);
  }
  if (Directory::exists(path)) throw Error(Reason::target_not_directory, path, "is not a directory");
  throw Error(Reason::target_missing, path, "does not exist");
}

}  // namespace injector
