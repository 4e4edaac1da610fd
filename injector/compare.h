#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/error.h"
#include "core/manifest.h"
#include "injector/context.h"

namespace injector {

enum class State : std::uint8_t { absent, wrong, right };

// Where a tree and its manifest differ first, in the manifest's order.
struct Difference {
  std::uint32_t index;
  Reason reason;
  std::string path;
  std::string problem;
};

// A file that was hashed, as it can be known again: an inode number alone goes to another file when its file is
// removed, but not with the time at which that inode last changed. Nothing where the inode is 0.
struct Hashed {
  std::uint64_t inode = 0;
  std::int64_t changed = 0;

  bool is(const Status& status) const { return inode == status.inode && changed == status.changed; }
};

// What a tree is, entry by entry, held against a manifest. Every byte was hashed: neither size nor time proves
// anything.
struct Comparison {
  std::vector<State> states;
  // Of each right file that a new tree may link: its mode is what an installed file would have, it belongs to this
  // user, and nobody else can write it.
  std::vector<Hashed> linkable;
  std::vector<std::optional<Status>> top;  // what has the names of the top level, by their positions
  std::optional<Difference> first;

  bool all_right() const { return !first; }
  bool right(std::uint32_t begin, std::uint32_t end) const;  // all of a range
  void forget_links(std::uint32_t begin, std::uint32_t end);
};

// How a file differs from its entry, for messages.
std::string size_problem(std::uint64_t found, std::uint64_t expected);
std::string digest_problem(const Digest& found, const Digest& expected);

// The path of something in a directory of the tree that is not among the manifest's entries for that directory
// (Entry::no_parent: the root of the tree). tree: a bundle also holds what was not chosen.
enum class Tree { installed, bundle };
std::optional<std::string> find_surplus(const Manifest& manifest, std::uint32_t index, const Directory& directory,
                                        Tree tree);

// Whether the tree's file system gives files the modes that they ask for; else modes say nothing.
enum class Modes { kept, of_the_mount };

// An entry is right when its type and content are, everybody can read it, a file is executable where the manifest says
// so, and a directory has nothing but its entries. Other permission bits are not compared: the kubelet changes them for
// fsGroup. Every look has a bound: a file is read to one byte behind its size, a directory to the first name too many.
// whole_root: the tree's own root may have nothing but its entries too.
Comparison compare(const Manifest& manifest, const Directory& root, Modes modes, bool whole_root,
                   const Context& context);

// Whether one name of the top level, with all below it, is right. False for a name that the manifest does not have.
bool is_right(const Manifest& manifest, const std::string& top_name, const Directory& root, Modes modes,
              const Context& context);

// The file of one entry, open, when it is right as above; throws what is wrong with it.
File open_right(const Manifest& manifest, const Directory& root, Modes modes, std::uint32_t index,
                const Context& context);

}  // namespace injector
