#include "injector/stage.h"

#include <functional>
#include <utility>

#include "core/error.h"
#include "core/process.h"
#include "core/tree_guard.h"
#include "injector/compare.h"
#include "injector/records.h"
#include "log/log.h"

namespace injector {
namespace {

constexpr const char* fresh_name = "new";
constexpr const char* publish_name = "publish";
constexpr const char* old_name = "old";
constexpr const char* gone_name = "gone";
constexpr std::uint32_t folder_mode = 0755;

Directory create_folder(const Directory& parent, const std::string& name) {
  parent.try_create_directory(name, folder_mode);
  auto directory = parent.try_open_directory(name);
  if (!directory) throw Error(Reason::target_unsafe, parent.path_of(name), "was replaced while the install ran");
  return std::move(*directory);
}

// Whether the directory that was opened is the one that was made, by how a file looks that is surely ours: the lock.
// Where the mount gives all files their modes, anybody may write anywhere, and nothing is to be had.
bool is_own(const Directory& root, const Lock& lock) {
  constexpr std::uint32_t writable_by_others = 0022;
  const Status directory = root.status();
  const Status file = lock.status();
  const bool keeps_modes = (file.mode & 0111U) == 0;
  if (directory.uid != file.uid || (keeps_modes && (directory.mode & writable_by_others) != 0)) return false;
  return root.list_while([](const std::string& name) { return name == Lock::name; });
}

void for_each_name(const Directory& root, const char* folder,
                   const std::function<void(const Directory&, const std::string&)>& visit) {
  const auto directory = root.try_open_directory(folder);
  if (!directory) return;
  directory->list([&](const std::string& name) { visit(*directory, name); });
}

// All but the lock, which goes when it is no longer held: a file that is open stays in its directory under another name
// on NFS and FUSE.
void remove_content(const Directory& root) {
  for (const char* folder : {fresh_name, publish_name, old_name, gone_name}) root.remove_tree(folder);
}

// What needs no look any more gets the names of what never needs one: half removed, it would look like a stranger's.
void release(const Directory& root) {
  if (root.try_status(publish_name)) root.rename_from(root, publish_name, fresh_name);
  if (root.try_status(old_name)) root.rename_from(root, old_name, gone_name);
}

void put_back_old(const Directory& target, const Directory& root) {
  for_each_name(root, old_name, [&](const Directory& old, const std::string& name) {
    if (!target.try_status(name)) target.try_rename_to_free(old, name, name);
  });
}

// Takes out of a stage what must not go with it.
void save(const Site& site, const Directory& root) {
  put_back_old(site.target, root);
  const auto record = records::try_read(root, records::document, records::limit_for(site.bundle.document.size()));
  for (const char* folder : {publish_name, old_name}) {
    for_each_name(root, folder, [&](const Directory& directory, const std::string& name) {
      const auto status = directory.try_status(name);
      if (!status || status->type != FileType::directory) return;
      if (record && is_right(*record, name, directory, Modes::of_the_mount, site.context)) return;
      if (!site.ownership.may_remove(name, *status, directory, site.context)) {
        records::keep(site.folder, directory, name);
      }
    });
  }
  release(root);
}

}  // namespace

struct Stage::Made {
  std::string name;
  Directory root;
  Lock lock;
  Directory fresh;
};

Stage::Made Stage::make(const Site& site) {
  constexpr int tries = 16;
  for (int i = 0; i < tries; ++i) {
    TreeGuard guard(site.library, "stage-" + process::random_name(), log::warn_about_leftover);
    if (!site.library.try_create_directory(guard.name(), folder_mode)) continue;
    auto root = site.library.try_open_directory(guard.name());
    if (!root) continue;
    root->try_remove_default_acl();
    auto lock = Lock::try_create(*root);
    if (!lock || !is_own(*root, *lock)) continue;
    lock->name_holder();
    Directory fresh = create_folder(*root, fresh_name);
    guard.dismiss();
    return {guard.name(), std::move(*root), std::move(*lock), std::move(fresh)};
  }
  throw Error(Reason::target_unsafe, site.library.path(), "somebody replaces what is made in it");
}

Stage::Stage(const Site& site) : Stage(site, make(site)) {}

Stage::Stage(const Site& site, Made made)
    : site_(site),
      name_(std::move(made.name)),
      root_(std::move(made.root)),
      lock_(std::move(made.lock)),
      fresh_(std::move(made.fresh)) {}

void Stage::begin_publishing() {
  root_->rename_from(*root_, fresh_name, publish_name);
  publishing_ = true;
}

void Stage::end_publishing() {
  root_->rename_from(*root_, publish_name, fresh_name);
  if (old_) root_->rename_from(*root_, old_name, gone_name);
  publishing_ = false;
}

void Stage::remove() {
  // A tree is removed with a descriptor for each of its levels: there may be few.
  fresh_.reset();
  old_.reset();
  if (publishing_) {
    save(site_, *root_);
    return remove_content(*root_);
  }
  root_->remove_tree(fresh_name);
  root_.reset();
  lock_.reset();
  site_.library.remove_tree(name_);
}

Stage::~Stage() {
  try {
    try {
      remove();
    } catch (const Error& error) {
      log::warn_about_leftover(error);
    }
  } catch (...) {
    // There is no memory to say so; the next run removes it.
  }
}

void Stage::remove(const Site& site, const std::string& name) {
  if (const auto root = site.library.try_open_directory(name)) {
    const auto lock = Lock::try_take(*root);
    if (!lock) return;
    save(site, *root);
    remove_content(*root);
  }
  site.library.remove_tree(name);
}

std::optional<Directory> Stage::try_open_unpublished(const Directory& library, const std::string& name) {
  const auto root = library.try_open_directory(name);
  return root ? root->try_open_directory(publish_name) : std::nullopt;
}

void Stage::put_back(const Directory& target, const Directory& library, const std::string& name) {
  const auto root = library.try_open_directory(name);
  const auto lock = root ? Lock::try_take(*root) : std::nullopt;
  if (lock) put_back_old(target, *root);
}

const Directory& Stage::old() {
  if (!old_) old_ = create_folder(*root_, old_name);
  return *old_;
}

}  // namespace injector
