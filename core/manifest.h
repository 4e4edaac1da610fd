#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/selectors.h"
#include "core/tree_path.h"

namespace injector {

// How a variable is joined with what the application's environment has already.
enum class Merge { set, append, prepend };

// One variable that the application needs; docs/manifest.md says what each field may hold.
struct Variable {
  std::string name;
  std::string value;  // with ${target}
  Merge merge = Merge::set;
  std::string separator;

  bool operator==(const Variable&) const = default;
};

enum class EntryType : std::uint8_t { directory, file, symlink };
std::string_view name_of(EntryType type);

// One entry of a payload: 64 bytes, for there may be very many. Its name and link target are in the manifest's text.
struct Entry {
  static constexpr std::uint32_t no_parent = UINT32_MAX;

  std::uint64_t size = 0;  // of a file, in bytes
  Digest digest;           // of a file
  std::uint32_t parent = no_parent;
  std::uint32_t children = 0;  // of a directory, its own entries alone
  std::uint32_t text = 0;
  std::uint16_t name_length = 0;
  std::uint16_t target_length = 0;
  std::uint16_t mode = 0;
  EntryType type = EntryType::file;
  std::uint8_t selectors = 0;  // see Manifest::selectors_of
};

// What a bundle or a record holds, specified in docs/manifest.md. An object of this class obeys every rule there:
// whatever would break one is refused with Error(reason) when it is added.
class Manifest {
 public:
  static constexpr std::size_t max_document = std::size_t{64} << 20U;  // bytes
  static constexpr std::size_t max_entries = 1'000'000;
  static constexpr std::size_t max_variables = 64;
  static constexpr std::size_t max_selectors = 255;  // different ones
  static constexpr std::uint64_t max_number = std::uint64_t{1} << 53U;

  // reason and document: how a rule's breach is reported, and in which file it is (empty: the entry itself is named).
  explicit Manifest(Reason reason, std::string document = {}) : reason_(reason), document_(std::move(document)) {}

  void set_identity(std::string name, std::string version);
  void add_variable(Variable variable);
  void add_directory(std::string_view path, std::uint32_t mode);
  void add_file(std::string_view path, std::uint32_t mode, std::uint64_t size, const Digest& digest);
  void add_symlink(std::string_view path, std::string_view target);
  // Of the entry that was added last.
  void set_selectors(const Selectors& selectors);
  // The rules that need the whole: there are entries, and no link leads through another.
  void finish();

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  const std::vector<Variable>& environment() const { return environment_; }

  // Entries are numbered in the manifest's order: a directory, then all below it.
  std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  const Entry& operator[](std::uint32_t index) const { return entries_[index]; }
  std::string name_of(std::uint32_t index) const;
  std::string path_of(std::uint32_t index) const;
  std::string link_target_of(std::uint32_t index) const;
  // Its own; those of the directories above it hold as well.
  const Selectors& selectors_of(std::uint32_t index) const { return selectors_[entries_[index].selectors]; }
  // For each key, the values that any entry has.
  std::map<std::string, std::set<std::string>> selector_values() const;
  // The same library with nothing but the entries that the choice takes. Throws where that is none.
  Manifest chosen(const Choice& choice) const;
  // Whether name, in a directory (Entry::no_parent: at the top level), was left out by chosen.
  bool left_out(std::uint32_t directory, const std::string& name) const {
    return left_out_.contains({directory, name});
  }
  // The entries of the top level, in the order in which they are published.
  const std::vector<std::uint32_t>& top() const { return top_; }
  bool has_top(const std::string& name) const { return position_of(name) < top_.size(); }
  // In top(); behind its end where no entry of the top level has the name.
  std::size_t position_of(const std::string& top_name) const;
  // The entries of a directory, or of the payload itself (Entry::no_parent).
  std::size_t children_of(std::uint32_t index) const;
  // The number behind the last entry below a top-level one.
  std::uint32_t end_of_top(std::size_t position) const;

 private:
  struct OpenDirectory {
    std::uint32_t index;
    std::uint32_t last_child;
    std::size_t path_length;
  };

  [[noreturn]] void refuse(std::string_view path, const std::string& problem) const;
  TreePath checked(std::string_view path) const;
  Entry& add(const TreePath& path, EntryType type);
  void check_order(const TreePath& path, EntryType type);
  void check_top_order(const TreePath& path, EntryType type) const;
  std::string_view view_of_name(std::uint32_t index) const;

  Reason reason_;
  std::string document_;
  std::string name_;
  std::string version_;
  std::vector<Variable> environment_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> top_;
  std::string text_;
  std::vector<Selectors> selectors_{Selectors()};
  std::set<std::pair<std::uint32_t, std::string>> left_out_;  // the uppermost ones
  // While entries are added: the directories that still may get children, the path of the innermost, and
  // the names of the top level.
  std::vector<OpenDirectory> open_;
  std::string open_path_;
  std::set<std::string> top_names_;
};

}  // namespace injector
