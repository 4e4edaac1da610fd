#pragma once

#include <optional>
#include <string>

namespace injector {

// What an ELF file (System V ABI) is for, in the words of selectors.
struct Elf {
  std::string arch;  // as uname -m says it, or the number of the machine
  std::string libc;  // glibc or musl; empty where it needs neither, or would run with both
};

// Empty where bytes are no ELF file. One that ends too early has what could be read of it. Throws unsafe_entry for one
// that names more than any linker writes; path is for the message.
std::optional<Elf> read_elf(const std::string& bytes, const std::string& path);

}  // namespace injector
