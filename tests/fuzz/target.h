#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace injector::fuzz {

// What is fed with strangers' bytes: by libFuzzer with what it invents (main.cpp), by the unit tests with the corpus
// (corpus_test.cpp). run returns for whatever our code accepts or refuses with an Error, and throws anything else for
// what it must not do.
struct Target {
  std::string_view name;  // of its folder in corpus/
  void (*run)(std::string_view bytes);
};
std::span<const Target> targets();

void run_archive(std::string_view bytes);
void run_catalog(std::string_view bytes);
void run_closing_line(std::string_view bytes);
void run_configuration(std::string_view bytes);
void run_elf(std::string_view bytes);
void run_environment(std::string_view bytes);
void run_glob(std::string_view bytes);
void run_key(std::string_view bytes);
void run_library(std::string_view bytes);
void run_limits(std::string_view bytes);
void run_manifest(std::string_view bytes);
void run_npm(std::string_view bytes);
void run_path(std::string_view bytes);
void run_quantity(std::string_view bytes);
void run_record(std::string_view bytes);
void run_review(std::string_view bytes);
void run_selection(std::string_view bytes);
void run_signature(std::string_view bytes);
void run_version(std::string_view bytes);
void run_wheel(std::string_view bytes);
void run_yaml(std::string_view bytes);

// Throws std::logic_error unless it holds.
void require(bool holds, const char* what);

// Whether work came to its end; if not, it threw an Error that is no bug of ours and can be printed as one line.
bool accepts(const std::function<void()>& work);

// bytes cut at each NUL, for targets that take several texts: at most count, the last with all that is left.
std::vector<std::string> parts(std::string_view bytes, std::size_t count);

}  // namespace injector::fuzz
