#pragma once

#include "bundler/collect.h"
#include "core/manifest.h"

namespace injector {

// Refuses a payload in which an ELF file is for another machine or libc than the selectors above it claim: it would be
// installed where it cannot be loaded. Throws unsafe_entry.
void check_elf_files(const Manifest& manifest, const Collection& collection);

}  // namespace injector
