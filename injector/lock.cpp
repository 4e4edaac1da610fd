#include "injector/lock.h"

#include <string>
#include <thread>

#include "core/error.h"
#include "injector/log.h"

namespace injector {
namespace {

constexpr std::uint32_t lock_mode = 0666;  // another uid may install another library
constexpr auto poll_interval = std::chrono::milliseconds(20);

// Opened before it is created: a sticky directory refuses O_CREAT on another user's file (fs.protected_regular).
// Empty where it comes and goes.
std::optional<File> try_open(const Directory& directory) {
  if (auto file = directory.try_open_for_lock(Lock::name)) return file;
  auto file = directory.try_create_file(Lock::name, lock_mode);
  if (!file) return directory.try_open_for_lock(Lock::name);  // another injector was faster
  if (file->status().mode != lock_mode) file->try_set_mode(lock_mode);
  return file;
}

}  // namespace

std::optional<Lock> Lock::try_take(const Directory& directory) {
  auto file = try_open(directory);
  if (!file) {
    if (!directory.try_status(name)) return std::nullopt;
    throw Error(Reason::target_not_writable, directory.path_of(name), "its lock cannot be written");
  }
  return try_hold(directory, std::move(*file));
}

std::optional<Lock> Lock::try_create(const Directory& directory) {
  auto file = directory.try_create_file(name, lock_mode);
  return file ? try_hold(directory, std::move(*file)) : std::nullopt;
}

std::optional<Lock> Lock::try_hold(const Directory& directory, File file) {
  if (!file.try_lock()) return std::nullopt;
  const auto named = directory.try_status(name);
  if (!named || named->inode != file.status().inode) return std::nullopt;
  return Lock(std::move(file));
}

Lock Lock::take(const Directory& directory, std::chrono::seconds timeout, const Context& context) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (bool said = false;; said = true) {
    if (auto lock = try_take(directory)) return std::move(*lock);
    context.interrupt.check();
    const std::string path = directory.path_of(name);
    if (!said) log::write(log::Level::info, "waiting for another injector", {{"path", path}});
    if (std::chrono::steady_clock::now() >= deadline) {
      throw Error(Reason::lock_timeout, path,
                  "another injector has held the lock for " + std::to_string(timeout.count()) + " s");
    }
    std::this_thread::sleep_for(poll_interval);
  }
}

}  // namespace injector
