#include "injector/lock.h"

#include <string>
#include <thread>

#include "core/error.h"
#include "injector/log.h"
#include "injector/records.h"

namespace injector {
namespace {

constexpr const char* lock_name = "lock";
constexpr std::uint32_t lock_mode = 0666;  // another uid may install another library
constexpr auto poll_interval = std::chrono::milliseconds(20);

// The lock file; empty where it is not there and this user cannot create it.
std::optional<File> try_open_lock_file(const Directory& target) {
  auto folder = records::try_open(target);
  if (!folder && !target.is_writable()) return std::nullopt;
  if (!folder) folder = records::open_or_create_folder(target, records::folder);
  // Opened before it is created: a sticky directory refuses O_CREAT on another user's file (fs.protected_regular).
  auto file = folder->try_open_for_lock(lock_name);
  if (file || !folder->is_writable()) return file;
  file = folder->try_create_file(lock_name, lock_mode);
  if (!file) return folder->try_open_for_lock(lock_name);  // another injector was faster
  if (file->status().mode != lock_mode) file->set_mode(lock_mode);
  return file;
}

}  // namespace

std::optional<Lock> Lock::try_take(const Directory& target) {
  auto file = try_open_lock_file(target);
  if (!file || !file->try_lock()) return std::nullopt;
  return Lock(std::move(*file));
}

Lock Lock::take(const Directory& target, std::chrono::seconds timeout, const Context& context) {
  auto file = try_open_lock_file(target);
  if (!file) {
    target.check_writable();
    throw Error(Reason::target_not_writable, target.path_of(records::folder), "its lock cannot be written");
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (bool said = false; !file->try_lock(); said = true) {
    context.interrupt.check();
    if (!said) log::write(log::Level::info, "waiting for another injector", {{"path", file->path()}});
    if (std::chrono::steady_clock::now() >= deadline) {
      throw Error(Reason::lock_timeout, file->path(),
                  "another injector has held the lock for " + std::to_string(timeout.count()) + " s");
    }
    std::this_thread::sleep_for(poll_interval);
  }
  return Lock(std::move(*file));
}

}  // namespace injector
