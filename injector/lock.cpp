#include "injector/lock.h"

#include <string>
#include <thread>

#include "core/error.h"
#include "core/process.h"
#include "injector/holder.h"
#include "log/log.h"

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

// "7 HOST" as "pid 7 on HOST"; nothing that is not of this form gets into a message.
std::optional<std::string> understood(std::string_view holder) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view of_hosts = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
  const std::size_t space = holder.find_first_not_of(digits);
  if (space == 0 || space > 10 || space >= holder.size() - 1 || holder[space] != ' ') return std::nullopt;
  const std::string_view host = holder.substr(space + 1);
  if (host.find_first_not_of(of_hosts) != std::string_view::npos) return std::nullopt;
  return "pid " + std::string(holder.substr(0, space)) + " on " + std::string(host);
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

void Lock::name_holder() {
  try {
    file_.write_all(process::identity());
  } catch (const Error&) {
    // The volume is full, say: the install itself will tell.
  }
}

std::optional<std::string> Lock::try_read_holder(const Directory& directory) {
  constexpr std::size_t most = 128;
  try {
    auto file = directory.try_open_for_lock(name);
    if (!file || file->try_lock()) return std::nullopt;  // whoever made it has ended
    return understood(file->try_read_all(most).value_or(""));
  } catch (const Error&) {
    return std::nullopt;
  }
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
                  "another injector" + holder_of(directory) + " has held the lock for " +
                      std::to_string(timeout.count()) + " s");
    }
    std::this_thread::sleep_for(poll_interval);
  }
}

}  // namespace injector
