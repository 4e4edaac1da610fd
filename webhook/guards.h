#pragma once

#include <optional>
#include <string_view>

#include "core/catalog.h"
#include "webhook/configuration.h"
#include "webhook/reason.h"

namespace injector {

// Why nothing at all is done with a Pod of this namespace; empty where something may be.
std::optional<Note> refusal(const Json& pod, std::string_view space, const Configuration& configuration,
                            const Catalog& catalog);

// Why an image for these architectures might not run where the Pod does; empty where it does, as far as anybody can
// say: a Pod that names no architecture runs on those of the configuration.
std::optional<Note> misfit(const Json& pod, const std::vector<std::string>& architectures,
                           const Configuration& configuration);

// Why a library of that kind cannot run beside this Pod's application; empty where it can. rule: the one that was
// called, nullptr for none.
std::optional<Note> obstacle_beside(const Json& pod, const Library& library, const Rule* rule);

}  // namespace injector
