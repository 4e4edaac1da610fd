// A FUSE file system that passes everything through to a directory, but for the faults that it is told: what network
// and user-space file systems do differently, one at a time. The volume tests install onto it.

#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

struct Faults {
  std::string source;
  std::map<std::string, int> errors;  // call → errno
  std::optional<ino_t> inode;         // one number for everything
  std::optional<mode_t> mode;         // and one mode
  bool short_reads = false, hide_removed = false, statfs_zeros = false, shared_locks = false;

  bool fails(const std::string& call) const { return errors.contains(call); }
};

const Faults& faults() { return *static_cast<const Faults*>(fuse_get_context()->private_data); }

std::string below(const char* path) { return faults().source + path; }

// What a call gives, as FUSE wants it; the errno of its fault where it has one.
template <class Call>
int answer(const char* name, Call call) {
  if (const auto at = faults().errors.find(name); at != faults().errors.end()) return -at->second;
  const auto result = call();
  return result == -1 ? -errno : static_cast<int>(result);
}

int descriptor(const fuse_file_info* file) { return static_cast<int>(file->fh); }

int open_as(const char* call, const char* path, int flags, mode_t mode, fuse_file_info* file) {
  const int fd = answer(call, [&] { return ::open(below(path).c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return fd;
  file->fh = static_cast<std::uint64_t>(fd);
  return 0;
}

int do_getattr(const char* path, struct stat* status, fuse_file_info*) {
  const int result = answer("getattr", [&] { return ::lstat(below(path).c_str(), status); });
  status->st_ino = faults().inode.value_or(status->st_ino);
  if (faults().mode) status->st_mode = (status->st_mode & S_IFMT) | *faults().mode;
  return result;
}

int do_readlink(const char* path, char* target, std::size_t size) {
  const int length = answer("readlink", [&] { return ::readlink(below(path).c_str(), target, size - 1); });
  if (length < 0) return length;
  target[length] = '\0';
  return 0;
}

int do_readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  return answer("readdir", [&] {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(below(path).c_str()), ::closedir);
    if (!folder) return -1;
    while (const dirent* entry = ::readdir(folder.get())) {
      fill(buffer, static_cast<const char*>(entry->d_name), nullptr, 0, fuse_fill_dir_flags());
    }
    return 0;
  });
}

int do_rename(const char* from, const char* to, unsigned flags) {
  return answer(flags != 0 ? "rename2" : "rename",
                [&] { return ::renameat2(AT_FDCWD, below(from).c_str(), AT_FDCWD, below(to).c_str(), flags); });
}

int do_read(const char*, char* buffer, std::size_t size, off_t offset, fuse_file_info* file) {
  constexpr std::size_t few = 1000;
  return answer("read", [&] {
    return ::pread(descriptor(file), buffer, faults().short_reads ? std::min(size, few) : size, offset);
  });
}

int do_statfs(const char*, struct statvfs* space) {
  const int result = answer("statfs", [&] { return ::statvfs(faults().source.c_str(), space); });
  if (faults().statfs_zeros) *space = {};
  return result;
}

void* do_init(fuse_conn_info* connection, fuse_config* config) {
  config->use_ino = 1;
  config->hard_remove = faults().hide_removed ? 0 : 1;
  config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
  // Else the kernel would not ask for more where a read is short.
  if (faults().short_reads) config->direct_io = 1;
  static_cast<void>(connection);
  return fuse_get_context()->private_data;
}

fuse_operations operations(const Faults& faults) {
  fuse_operations all = {};
  all.init = do_init;
  all.getattr = do_getattr;
  all.readlink = do_readlink;
  all.readdir = do_readdir;
  all.rename = do_rename;
  all.read = do_read;
  all.statfs = do_statfs;
  all.mkdir = [](const char* path, mode_t mode) {
    return answer("mkdir", [&] { return ::mkdir(below(path).c_str(), mode); });
  };
  all.unlink = [](const char* path) { return answer("unlink", [&] { return ::unlink(below(path).c_str()); }); };
  all.rmdir = [](const char* path) { return answer("rmdir", [&] { return ::rmdir(below(path).c_str()); }); };
  all.symlink = [](const char* target, const char* path) {
    return answer("symlink", [&] { return ::symlink(target, below(path).c_str()); });
  };
  all.link = [](const char* from, const char* to) {
    return answer("link", [&] { return ::link(below(from).c_str(), below(to).c_str()); });
  };
  all.chmod = [](const char* path, mode_t mode, fuse_file_info*) {
    return answer("chmod", [&] { return ::chmod(below(path).c_str(), mode); });
  };
  all.chown = [](const char* path, uid_t user, gid_t group, fuse_file_info*) {
    return answer("chown", [&] { return ::lchown(below(path).c_str(), user, group); });
  };
  all.truncate = [](const char* path, off_t size, fuse_file_info*) {
    return answer("truncate", [&] { return ::truncate(below(path).c_str(), size); });
  };
  all.utimens = [](const char* path, const timespec* times, fuse_file_info*) {
    return answer("utimens", [&] { return ::utimensat(AT_FDCWD, below(path).c_str(), times, AT_SYMLINK_NOFOLLOW); });
  };
  all.removexattr = [](const char* path, const char* name) {
    return answer("removexattr", [&] { return ::lremovexattr(below(path).c_str(), name); });
  };
  all.create = [](const char* path, mode_t mode, fuse_file_info* file) {
    return open_as("create", path, file->flags, mode, file);
  };
  all.open = [](const char* path, fuse_file_info* file) { return open_as("open", path, file->flags, 0, file); };
  all.write = [](const char*, const char* buffer, std::size_t size, off_t offset, fuse_file_info* file) {
    return answer("write", [&] { return ::pwrite(descriptor(file), buffer, size, offset); });
  };
  all.flush = [](const char*, fuse_file_info*) { return answer("flush", [] { return 0; }); };
  all.release = [](const char*, fuse_file_info* file) {
    return answer("release", [&] { return ::close(descriptor(file)); });
  };
  // A file system that has no say in it gets the kernel's own locks, which another mount knows nothing of.
  if (faults.shared_locks || faults.fails("flock")) {
    all.flock = [](const char*, fuse_file_info* file, int operation) {
      return answer("flock", [&] { return ::flock(descriptor(file), operation); });
    };
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  Faults faults;
  std::string mount, mode;
  std::vector<std::string> fail;
  CLI::App app("Mounts SOURCE at MOUNT, passing everything through but for these faults; umount ends it.");
  app.add_option("source", faults.source)->required()->check(CLI::ExistingDirectory);
  app.add_option("mount", mount)->required()->check(CLI::ExistingDirectory);
  app.add_option("--fail", fail, "always fail a call: NAME=NUMBER; rename2 is a rename with flags")
      ->allow_extra_args(false);
  app.add_option("--inode", faults.inode, "the inode number of everything");
  app.add_option("--mode", mode, "the mode of everything, in octal, whatever chmod says");
  app.add_flag("--hide-removed", faults.hide_removed,
               "a removed file keeps another name until it is closed, as on NFS");
  app.add_flag("--short-reads", faults.short_reads, "a read gives 1000 bytes at most");
  app.add_flag("--shared-locks", faults.shared_locks, "locks hold for all mounts of SOURCE, as on NFS");
  app.add_flag("--statfs-zeros", faults.statfs_zeros, "statfs succeeds and says nothing");
  CLI11_PARSE(app, argc, argv);
  if (!mode.empty()) faults.mode = static_cast<mode_t>(std::stoul(mode, nullptr, 8));
  for (const std::string& rule : fail) {
    const std::size_t equals = std::min(rule.find('='), rule.size() - 1);
    faults.errors[rule.substr(0, equals)] = std::stoi(rule.substr(equals + 1));
  }
  ::umask(0);
  // One thread: a close has had its effect before the next call is looked at.
  std::vector<std::string> words = {"faulty", "-s", mount};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const fuse_operations all = operations(faults);
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &all, &faults);
}
