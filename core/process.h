#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace injector::process {

// What a process changes for itself, as it was when it started. A program that it starts gets it back.
struct Inherited {
  std::uint32_t umask = 0;
  std::uint64_t open_files = 0;  // the soft limit; 0 where it is not known
  sigset_t blocked{};
};

// Makes the process one that creates files with exactly the modes it asks for, may open as many as it is allowed to,
// and gets EFBIG and EPIPE as errors rather than as fatal signals.
Inherited prepare();

bool is_terminal_stderr();
// The architecture that this program was built for, as uname -m says it.
std::string_view architecture();
// The user as whom files are created.
std::uint32_t effective_user();
// Processors that this process may run on.
unsigned available_processors();
// This process as others know it: "7 HOST", its number and the name of its machine, which in a Pod is the Pod's.
std::string identity();
// 16 hexadecimal digits that nobody can guess.
std::string random_name();
// What is set for this process: NAME=VALUE.
std::vector<std::string> environment();

// A program to start: the very file that is open, whatever its path leads to by now.
struct Program {
  const File& file;
  std::vector<std::string> arguments;  // the first is its own name
  std::vector<std::string> environment;
};

// Becomes the program. Throws not_running where the kernel refuses.
[[noreturn]] void execute(const Program& program, const Inherited& inherited);

// How a child ended.
struct End {
  int code = 0;        // its exit code; where a signal killed it, 128 and that signal's number
  int signal = 0;      // 0: none killed it
  bool asked = false;  // a signal that asks for the end was passed on to it
  std::string text() const;
};

// Runs the program as a child until it ends: passes signals on to it, and reaps what else is this process's child, for
// the first process of a container gets every orphan. Throws not_running where the kernel refuses.
End run(const Program& program, const Inherited& inherited);

// Returns when a signal asks for the end.
void sleep_until_asked_to_end();
// Sleeps so long; true, and at once, where a signal asks for the end. Such a signal waits from the first call on.
bool is_asked_to_end_within(std::chrono::milliseconds time);

}  // namespace injector::process
