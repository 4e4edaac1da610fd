#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace injector {

struct PackOptions {
  std::optional<std::string> library;  // a library of the project, with artifacts
  std::optional<std::string> artifacts;
  bool fallback = false;            // the library's fallback instead of it
  std::optional<std::string> name;  // or any tree, with version and input
  std::optional<std::string> version;
  std::optional<std::string> input;
  bool unpack = false;                     // the input is an archive
  std::optional<std::string> environment;  // a file
  std::string output;
  std::int64_t time = 0;  // SOURCE_DATE_EPOCH: the time of everything in the bundle
};

// Paths of files.
struct KeygenOptions {
  std::string private_key;
  std::string public_key;
};

struct SignOptions {
  std::string bundle;
  std::string key;        // a file
  std::int64_t time = 0;  // as above, of the signature
};

struct CatalogOptions {
  std::string catalog;                  // a file, made where there is none
  std::optional<std::string> manifest;  // of the version that is added, with library and image
  std::optional<std::string> library;
  std::optional<std::string> image;
  std::string digest;                      // of the image, or empty
  std::vector<std::string> architectures;  // of the image; empty: this machine's
  std::vector<std::string> vocabularies;   // files
};

enum class BundlerCommand { pack, keygen, sign, catalog, print };

struct BundlerOptions {
  BundlerCommand command = BundlerCommand::pack;
  PackOptions pack;
  KeygenOptions keygen;
  SignOptions sign;
  CatalogOptions catalog;
  std::string text;  // for BundlerCommand::print: help or version
};

// Reads the command line and SOURCE_DATE_EPOCH (reproducible-builds.org). Throws Error(usage).
BundlerOptions parse_bundler_options(int argc, const char* const* argv);

}  // namespace injector
