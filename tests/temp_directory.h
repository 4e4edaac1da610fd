#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/process.h"

namespace injector {

// A directory for one unit test, gone with all below it at its end.
class TempDirectory {
 public:
  TempDirectory() { std::filesystem::create_directories(path_); }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  std::string path(const std::string& name = {}) const { return name.empty() ? path_ : path_ + '/' + name; }

  // Writes a file, and makes the directories above it.
  void write(const std::string& name, const std::string& content) const {
    const std::string at = path(name);
    std::filesystem::create_directories(std::filesystem::path(at).parent_path());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(at.c_str(), "wb"), std::fclose);
    if (!file || std::fwrite(content.data(), 1, content.size(), file.get()) != content.size()) {
      throw std::runtime_error("cannot write " + at);
    }
  }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / ("injector-test-" + process::random_name());
};

}  // namespace injector
