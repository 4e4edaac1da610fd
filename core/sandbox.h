#pragma once

#include <string>
#include <vector>

// What a process gives up before it reads what others have written.
namespace injector::sandbox {

// All that it may still open. Each path is followed as open(2) follows it, now: what the path leads to later is another
// file, and closed. What is not there is passed over.
struct Paths {
  std::vector<std::string> read;       // files, or directories with all below them
  std::vector<std::string> write;      // directories: all below them can be read, made, moved and removed too
  std::vector<std::string> overwrite;  // regular files: written and emptied, and not even read
};

// From here on, for this process and whatever it starts:
//   no privileges come with a program that it executes (no_new_privs);
//   no file can be opened, made, moved or removed but those, wherever they are mounted; no TCP port can be used, and no
//   other process gets a signal (Landlock, as far as this kernel has it);
//   no system call can be made but those that the injector makes (seccomp): any other fails with ENOSYS, as on a kernel
//   that does not have it. Among these are all that execute a program, open a socket, mount, trace or take a name.
// What is open stays open. There must be one thread.
//
// None of this is ever an error: the kernel may be older, or who started us may have forbidden it. Gives what could not
// be had, and why; empty where all could.
std::string confine(const Paths& paths);

}  // namespace injector::sandbox
