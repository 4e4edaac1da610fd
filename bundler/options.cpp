#include "bundler/options.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/catalog.h"
#include "core/error.h"
#include "core/tree_path.h"
#include "core/version.h"

namespace injector {
namespace {

std::int64_t source_date_epoch() {
  const char* variable = std::getenv("SOURCE_DATE_EPOCH");
  const std::string_view text = variable == nullptr ? "" : variable;
  if (text.empty()) return 0;
  std::int64_t seconds = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t most = 253'402'300'799;  // the end of the year 9999
  if (result.ec == std::errc() && result.ptr == text.data() + text.size() && seconds >= 0 && seconds <= most)
    return seconds;
  throw Error(Reason::usage, "SOURCE_DATE_EPOCH", '"' + std::string(text) + "\" is not a number of seconds",
              "Unset it, or set it to a time since 1970.");
}

// Refuses a value that is not one.
CLI::Validator checked(bool (*is_one)(std::string_view), const std::string& what) {
  return CLI::Validator(
      [is_one, what](const std::string& text) { return is_one(text) ? "" : '"' + text + "\" is no " + what; }, "");
}

void add_pack(CLI::App& app, PackOptions& options) {
  CLI::App& pack = *app.add_subcommand("pack", "Pack a library of this project, or any file or directory");
  CLI::Option* library = pack.add_option("--library", options.library, "The library's directory")->option_text("DIR");
  CLI::Option* artifacts =
      pack.add_option("--artifacts", options.artifacts, "Its artifacts, from scripts/fetch")->option_text("DIR");
  CLI::Option* fallback =
      pack.add_flag("--fallback", options.fallback, "Pack what stands in for the library where it cannot be installed");
  CLI::Option* name = pack.add_option("--name", options.name, "The name of a library of your own")->option_text("NAME");
  name->check(checked(is_library_name, "library's name"));
  CLI::Option* number = pack.add_option("--version", options.version, "Its version")->option_text("VERSION");
  number->check(checked(is_library_version, "version"));
  CLI::Option* input =
      pack.add_option("--input", options.input, "The file or directory that is its payload")->option_text("PATH");
  CLI::Option* unpack = pack.add_flag(
      "--unpack", options.unpack, "The input is a wheel, nupkg, npm tarball, zip or tar: its payload is what it holds");
  CLI::Option* environment =
      pack.add_option("--environment", options.environment, "A JSON array as in the manifest")->option_text("FILE");
  pack.add_option("--output", options.output, "The bundle, which must not exist yet")->required()->option_text("DIR");
  library->needs(artifacts)->excludes(name)->excludes(input)->excludes(number)->excludes(environment);
  artifacts->needs(library);
  fallback->needs(library);
  name->needs(number)->needs(input);
  input->needs(name);
  number->needs(name);
  environment->needs(name);
  unpack->needs(input);
  pack.final_callback([&options] {
    if (!options.library && !options.name) throw CLI::ValidationError("--library or --name is required");
  });
}

void add_keygen(CLI::App& app, KeygenOptions& options) {
  CLI::App& keygen = *app.add_subcommand("keygen", "Make a pair of Ed25519 keys, each as PEM in a new file");
  keygen.add_option("--private", options.private_key, "The key to sign with, for its owner's eyes alone")
      ->required()
      ->option_text("FILE");
  keygen.add_option("--public", options.public_key, "The key that injector --public-key wants")
      ->required()
      ->option_text("FILE");
}

void add_sign(CLI::App& app, SignOptions& options) {
  CLI::App& sign = *app.add_subcommand("sign", "Sign a bundle: write manifest.json.sig beside its manifest.json");
  sign.add_option("--bundle", options.bundle, "The bundle")->required()->option_text("DIR");
  sign.add_option("--key", options.key, "A private key, Ed25519 or ECDSA P-256, as PEM (PKCS #8)")
      ->required()
      ->option_text("FILE");
}

void add_catalog(CLI::App& app, CatalogOptions& options) {
  CLI::App& catalog = *app.add_subcommand("catalog", "Write into catalog.json what the admission webhook has to know");
  catalog.add_option("--catalog", options.catalog, "The catalog; where there is none it is made")
      ->required()
      ->option_text("FILE");
  CLI::Option* manifest =
      catalog.add_option("--manifest", options.manifest, "Add this version, or put it in place of the same one")
          ->option_text("FILE");
  CLI::Option* library =
      catalog.add_option("--library", options.library, "The directory of its library.json")->option_text("DIR");
  CLI::Option* image = catalog.add_option("--image", options.image, "Its image, without registry")
                           ->option_text("NAME:TAG")
                           ->check(checked(is_image_name, "image without registry"));
  CLI::Option* digest = catalog.add_option("--digest", options.digest, "The image's digest in the registry")
                            ->option_text("sha256:HEX")
                            ->check(checked(is_image_digest, "digest"));
  CLI::Option* architecture = catalog
                                  .add_option("--architecture", options.architectures,
                                              "One that the image is for, as Kubernetes says it [this machine's]")
                                  ->option_text("NAME")
                                  ->check(checked(is_library_name, "architecture"));
  catalog.add_option("--vocabulary", options.vocabularies, "Put this vocabulary in, or in place of its namesake")
      ->option_text("FILE");
  manifest->needs(library)->needs(image);
  for (CLI::Option* option : {library, image, digest, architecture}) option->needs(manifest);
  catalog.final_callback([&options] {
    if (!options.manifest && options.vocabularies.empty()) {
      throw CLI::ValidationError("--manifest or --vocabulary is required");
    }
  });
}

constexpr std::array commands = {std::pair("pack", BundlerCommand::pack), std::pair("keygen", BundlerCommand::keygen),
                                 std::pair("sign", BundlerCommand::sign),
                                 std::pair("catalog", BundlerCommand::catalog)};

}  // namespace

BundlerOptions parse_bundler_options(int argc, const char* const* argv) {
  BundlerOptions options;
  options.pack.time = options.sign.time = source_date_epoch();
  CLI::App app("Makes the bundle of a library: its payload, and a manifest with the digest of every file.", "bundler");
  app.set_version_flag("--version", std::string("bundler ") + version);
  app.require_subcommand(1);
  add_pack(app, options.pack);
  add_keygen(app, options.keygen);
  add_sign(app, options.sign);
  add_catalog(app, options.catalog);
  try {
    app.parse(argc, argv);
    for (const auto& [name, command] : commands) {
      if (app.got_subcommand(name)) options.command = command;
    }
  } catch (const CLI::CallForVersion& text) {
    options.command = BundlerCommand::print;
    options.text = text.what() + std::string("\n");
  } catch (const CLI::CallForHelp&) {
    options.command = BundlerCommand::print;
    options.text = (app.get_subcommands().empty() ? &app : app.get_subcommands().front())->help();
  } catch (const CLI::ParseError& error) {
    throw Error(Reason::usage, "", error.what());
  }
  return options;
}

}  // namespace injector
