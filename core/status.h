#pragma once

#include <sys/stat.h>

#include "core/file.h"

namespace injector {

// For the callers of system calls alone: what the kernel's stat says in our terms.
inline Status to_status(const struct stat& from) {
  Status status;
  status.type = S_ISREG(from.st_mode)   ? FileType::file
                : S_ISDIR(from.st_mode) ? FileType::directory
                : S_ISLNK(from.st_mode) ? FileType::symlink
                                        : FileType::other;
  status.mode = from.st_mode & 07777U;
  status.size = static_cast<std::uint64_t>(from.st_size);
  status.inode = from.st_ino;
  status.uid = from.st_uid;
  status.gid = from.st_gid;
  status.changed = std::int64_t{from.st_ctim.tv_sec} * 1'000'000'000 + from.st_ctim.tv_nsec;
  return status;
}

}  // namespace injector
