#pragma once

#include "injector/options.h"

namespace injector {

// Gives up what a command does not need, before it reads anything that others have written. `run` keeps everything: all
// of it would go to the program that it becomes, and who can mislead the check chooses that program anyway.
void confine(const Options& options);

}  // namespace injector
