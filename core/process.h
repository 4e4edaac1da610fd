#pragma once

#include <string>
#include <string_view>

namespace injector::process {

// Makes the process one that creates files with exactly the modes it asks for, may open as many as it is allowed to,
// and gets EFBIG and EPIPE as errors rather than as fatal signals.
void prepare();

bool is_terminal_stderr();
// The architecture that this program was built for, as uname -m says it.
std::string_view architecture();
// Processors that this process may run on.
unsigned available_processors();
// 16 hexadecimal digits that nobody can guess.
std::string random_name();

}  // namespace injector::process
