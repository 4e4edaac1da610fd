#include "bundler/keygen.h"

#include "bundler/draft.h"
#include "bundler/private_key.h"
#include "core/directory.h"
#include "core/error.h"
#include "core/tree_guard.h"

namespace injector {
namespace {

// A new file that goes again unless it is kept.
class NewFile {
 public:
  NewFile(const std::string& path, std::uint32_t mode, const std::string& text)
      : parent_(open_parent(split_place(path).parent)), name_(split_place(path).name) {
    auto file = parent_.try_create_file(name_, mode);
    if (!file) throw Error(Reason::name_taken, path, "exists already", "Remove it or name another file.");
    guard_.emplace(parent_, name_, [](const Error&) {});
    file->write_all(text);
    file->close();
  }

  void keep() { guard_->dismiss(); }

 private:
  Directory parent_;
  std::string name_;
  std::optional<TreeGuard> guard_;
};

}  // namespace

std::string generate_keys(const KeygenOptions& options) {
  const PrivateKey key = PrivateKey::generate();
  NewFile private_key(options.private_key, 0600, key.pem());
  NewFile public_key(options.public_key, 0644, key.public_pem());
  private_key.keep();
  public_key.keep();
  return std::string(key.public_key().algorithm()) + ", its private key is " + options.private_key;
}

}  // namespace injector
