#include "core/manifest.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/utf8.h"

namespace injector {
namespace {

constexpr std::size_t max_variable_bytes = 4096;
constexpr std::size_t max_separator_bytes = 8;

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const auto any = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= max_variable_bytes && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), any);
}

}  // namespace

std::string_view name_of(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return "directory";
    case EntryType::file:
      return "file";
    case EntryType::symlink:
      return "symlink";
  }
  return "";
}

void Manifest::refuse(std::string_view path, const std::string& problem) const {
  if (document_.empty()) throw Error(reason_, std::string(path), problem);
  throw Error(reason_, document_, path.empty() ? problem : std::string(path) + ": " + problem);
}

TreePath Manifest::checked(std::string_view path) const {
  const auto tree_path = TreePath::parse(path);
  if (!tree_path) refuse(path, "the path " + TreePath::problem_of(path).value_or(""));
  return *tree_path;
}

void Manifest::set_identity(std::string name, std::string version) {
  if (!is_library_name(name)) refuse("name", "\"" + name + "\" is not [a-z0-9][a-z0-9._-]{0,63}");
  if (!is_library_version(version)) refuse("version", "\"" + version + "\" is not [A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
  name_ = std::move(name);
  version_ = std::move(version);
}

void Manifest::add_variable(Variable variable) {
  const std::string& name = variable.name;
  if (!is_variable_name(name)) refuse("environment", "\"" + name + "\" is not the name of a variable");
  const auto same = [&](const Variable& other) { return other.name == name; };
  if (std::any_of(environment_.begin(), environment_.end(), same)) refuse("environment", name + " is there twice");
  if (environment_.size() == max_variables) refuse("environment", "has more than 64 variables");
  for (const std::string* text : {&variable.value, &variable.separator}) {
    if (text->size() > max_variable_bytes) refuse("environment", name + " has more than 4096 bytes");
    if (!utf8::valid(*text) || utf8::has_control(*text)) refuse("environment", name + " is not printable UTF-8");
  }
  const std::size_t length = variable.separator.size();
  if (variable.merge == Merge::set && length != 0) refuse("environment", name + " is set and has a separator");
  if (variable.merge != Merge::set && (length == 0 || length > max_separator_bytes)) {
    refuse("environment", name + " needs a separator of 1 to 8 bytes");
  }
  environment_.push_back(std::move(variable));
}

void Manifest::add_directory(std::string_view path, std::uint32_t mode) {
  const TreePath tree_path = checked(path);
  if (mode != 0755) refuse(path, "a directory's mode is 0755");
  add(tree_path, EntryType::directory).mode = static_cast<std::uint16_t>(mode);
  const std::uint32_t index = size() - 1;
  open_path_ = tree_path.text();
  open_.push_back({index, Entry::no_parent, open_path_.size()});
}

void Manifest::add_file(std::string_view path, std::uint32_t mode, std::uint64_t size, const Digest& digest) {
  if (mode != 0644 && mode != 0755) refuse(path, "a file's mode is 0644 or 0755");
  if (size > max_number) refuse(path, "the size is beyond 2^53");
  Entry& entry = add(checked(path), EntryType::file);
  entry.mode = static_cast<std::uint16_t>(mode);
  entry.size = size;
  entry.digest = digest;
}

void Manifest::add_symlink(std::string_view path, std::string_view target) {
  const TreePath tree_path = checked(path);
  const std::string problem = steps_of_link(tree_path, target).problem;
  if (!problem.empty()) refuse(path, "the link's target " + problem);
  Entry& entry = add(tree_path, EntryType::symlink);
  entry.target_length = static_cast<std::uint16_t>(target.size());
  text_ += target;
}

void Manifest::set_selectors(const Selectors& selectors) {
  Entry& entry = entries_.back();
  const auto path = [&] { return path_of(size() - 1); };
  for (const auto& [key, value] : selectors) {
    if (!is_selector_key(key)) refuse(path(), "\"" + key + "\" is no selector");
    if (!is_selector_value(value)) refuse(path(), key + " \"" + value + "\" is not [a-z0-9][a-z0-9._-]{0,31}");
  }
  const auto known = std::find(selectors_.begin(), selectors_.end(), selectors);
  if (known == selectors_.end() && selectors_.size() > max_selectors) {
    refuse(path(), "has selectors beyond the limit of 255 different ones");
  }
  entry.selectors = static_cast<std::uint8_t>(known - selectors_.begin());
  if (known == selectors_.end()) selectors_.push_back(selectors);
}

Entry& Manifest::add(const TreePath& path, EntryType type) {
  if (entries_.size() == max_entries) refuse(path.text(), "is one entry too many, the limit is 1000000");
  check_order(path, type);
  Entry entry;
  entry.type = type;
  entry.text = static_cast<std::uint32_t>(text_.size());
  entry.name_length = static_cast<std::uint16_t>(path.name().size());
  if (open_.empty()) {
    top_.push_back(size());
    top_names_.insert(path.text());
  } else {
    entry.parent = open_.back().index;
    open_.back().last_child = size();
    ++entries_[entry.parent].children;
  }
  text_ += path.name();
  entries_.push_back(entry);
  return entries_.back();
}

void Manifest::check_order(const TreePath& path, EntryType type) {
  while (!open_.empty() && open_path_ != path.parent()) {
    open_.pop_back();
    open_path_.resize(open_.empty() ? 0 : open_.back().path_length);
  }
  if (open_.empty()) {
    if (!path.parent().empty()) refuse(path.text(), "stands without its directory, or not behind it");
    check_top_order(path, type);
    return;
  }
  const std::uint32_t last = open_.back().last_child;
  if (last == Entry::no_parent || view_of_name(last) < path.name()) return;
  refuse(path.text(), view_of_name(last) == path.name() ? "is there twice" : "stands out of order");
}

void Manifest::check_top_order(const TreePath& path, EntryType type) const {
  if (top_names_.contains(path.text())) refuse(path.text(), "is there twice");
  if (top_.empty()) return;
  const bool directory = type == EntryType::directory;
  const bool last_is_directory = entries_[top_.back()].type == EntryType::directory;
  const bool ordered = directory == last_is_directory ? view_of_name(top_.back()) < path.name() : !directory;
  if (!ordered) refuse(path.text(), "stands out of order");
}

void Manifest::finish() {
  if (name_.empty() || version_.empty()) refuse("", "has no name or no version");
  if (entries_.empty()) refuse("entries", "is empty");
  open_.clear();
  open_path_.clear();
  top_names_.clear();
  std::set<std::string> links;
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (entries_[i].type == EntryType::symlink) links.insert(path_of(i));
  }
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (entries_[i].type != EntryType::symlink) continue;
    const TreePath link = checked(path_of(i));
    for (const std::string& step : steps_of_link(link, link_target_of(i)).through) {
      if (links.contains(step)) refuse(link.text(), "leads through the link " + step);
    }
  }
}

std::string_view Manifest::view_of_name(std::uint32_t index) const {
  return std::string_view(text_).substr(entries_[index].text, entries_[index].name_length);
}

std::string Manifest::name_of(std::uint32_t index) const { return std::string(view_of_name(index)); }

std::string Manifest::path_of(std::uint32_t index) const {
  std::vector<std::uint32_t> chain;
  for (std::uint32_t at = index; at != Entry::no_parent; at = entries_[at].parent) chain.push_back(at);
  std::string path;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    if (!path.empty()) path += '/';
    path += view_of_name(*at);
  }
  return path;
}

std::string Manifest::link_target_of(std::uint32_t index) const {
  const Entry& entry = entries_[index];
  return text_.substr(entry.text + entry.name_length, entry.target_length);
}

std::map<std::string, std::set<std::string>> Manifest::selector_values() const {
  std::map<std::string, std::set<std::string>> values;
  for (const Selectors& selectors : selectors_) {
    for (const auto& [key, value] : selectors) values[key].insert(value);
  }
  return values;
}

std::size_t Manifest::position_of(const std::string& top_name) const {
  const auto found =
      std::find_if(top_.begin(), top_.end(), [&](auto index) { return view_of_name(index) == top_name; });
  return static_cast<std::size_t>(found - top_.begin());
}

Manifest Manifest::chosen(const Choice& choice) const {
  Manifest manifest(reason_, document_);
  manifest.name_ = name_;
  manifest.version_ = version_;
  manifest.environment_ = environment_;
  constexpr std::uint32_t gone = Entry::no_parent - 1;
  std::vector<std::uint32_t> now(entries_.size());  // what became of each entry
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Entry& entry = entries_[i];
    const std::uint32_t parent = entry.parent == Entry::no_parent ? Entry::no_parent : now[entry.parent];
    now[i] = parent != gone && choice.matches(selectors_of(i)) ? manifest.size() : gone;
    if (now[i] == gone) {
      if (parent != gone) manifest.left_out_.emplace(parent, name_of(i));
      continue;
    }
    switch (entry.type) {
      case EntryType::directory:
        manifest.add_directory(path_of(i), entry.mode);
        break;
      case EntryType::file:
        manifest.add_file(path_of(i), entry.mode, entry.size, entry.digest);
        break;
      case EntryType::symlink:
        manifest.add_symlink(path_of(i), link_target_of(i));
        break;
    }
    if (entry.selectors != 0) manifest.set_selectors(selectors_of(i));
  }
  manifest.finish();
  return manifest;
}

std::size_t Manifest::children_of(std::uint32_t index) const {
  return index == Entry::no_parent ? top_.size() : entries_[index].children;
}

std::uint32_t Manifest::end_of_top(std::size_t position) const {
  return position + 1 < top_.size() ? top_[position + 1] : size();
}

}  // namespace injector
