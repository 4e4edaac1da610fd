#include "bundler/elf.h"
#include "tests/fuzz/target.h"

namespace injector::fuzz {

void run_elf(std::string_view bytes) {
  accepts([&] {
    const auto elf = read_elf(std::string(bytes), "e");
    if (!elf) return;
    require(bytes.starts_with("\x7F"
                              "ELF"),
            "something else is an ELF file");
    require(elf->libc.empty() || elf->libc == "glibc" || elf->libc == "musl", "a libc that no selector names");
  });
}

}  // namespace injector::fuzz
