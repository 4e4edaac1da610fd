#include "webhook/versions.h"

#include <gtest/gtest.h>

#include "webhook/example.h"

namespace injector {
namespace {

TEST(Versions, AreFoundAsPeopleWriteThem) {
  const Catalog catalog = example::catalog();
  const Library& library = catalog.libraries.front();
  const auto found = [&](std::string_view text) {
    const LibraryVersion* version = resolve(library, text);
    return version == nullptr ? std::string("none") : version->version;
  };
  for (const std::string_view newest : {"1.64.0", "v1.64.0", "1.64", "v1.64", "1", "v1", "latest"}) {
    EXPECT_EQ(found(newest), "1.64.0") << newest;
  }
  EXPECT_EQ(found("v1.63"), "1.63.2");
  EXPECT_EQ(found("0"), "0.9.0");
  for (const std::string_view none : {"", "v", "1.6", "2", "1.64.0.0", "vv1", "Latest", "1."}) {
    EXPECT_EQ(found(none), "none") << none;
  }
  EXPECT_EQ(versions_of(library), "1.64.0, 1.63.2, 0.9.0");
}

TEST(Versions, HaveAReference) {
  LibraryVersion version;
  version.image = "team/agent:1.2";
  EXPECT_EQ(image_of(version, ""), "team/agent:1.2");
  EXPECT_EQ(image_of(version, "registry.example:5000/x"), "registry.example:5000/x/team/agent:1.2");
  version.digest = "sha256:00ff";
  EXPECT_EQ(image_of(version, "registry.example/"), "registry.example/team/agent@sha256:00ff");
  version.image = "localhost:5000/agent";
  EXPECT_EQ(image_of(version, ""), "localhost:5000/agent@sha256:00ff");
}

}  // namespace
}  // namespace injector
