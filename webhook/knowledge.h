#pragma once

#include "webhook/options.h"
#include "webhook/review.h"

namespace injector {

// Reads configuration and catalog. Throws Error with the file that is wrong, and what about it.
Knowledge read_knowledge(const KnowledgeFiles& files);

// What a file, or stdin for "-", holds; at most so many bytes. Throws Error(input_not_found).
std::string read_input(const std::string& path, std::size_t limit);

}  // namespace injector
