// Reads a document into structs: every access names an option, so the code that reads is the list
// of options, and what is wrong is collected on the way.
#pragma once

#include "config/document.hpp"
#include "messages/backend.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// What one run over a document collects.
struct reading {
  std::string file;                 ///< As warnings show it.
  std::string directory;            ///< What relative paths are relative to; empty: this directory.
  std::vector<fault> faults;        ///< In the order in which they were found.
  std::vector<fault> warnings;      ///< The same.
  std::vector<fault> static_labels; ///< Labels that were read: where, and `what` is the name.
  std::vector<fault> set_names;     ///< Of `collect`, the same.
  std::vector<fault> query_names;   ///< Of `collect`, the same.
  std::vector<fault> names_on;      ///< Of `collect.on`, the same, of the entry that is being read.

  /// What settings::console_labels and settings::queries_on become.
  std::vector<fault> console_labels;
  std::vector<std::pair<fault, backend_kind>> queries_on;

  bool checking = false; ///< The file is only looked at, perhaps not where the daemon runs.

  bool describing = false;          ///< There is no document: only `options` is of interest.
  std::vector<std::string> options; ///< Paths of all options, when describing.

  /// Where options are known from another place: used to say where a misplaced one belongs.
  std::vector<std::string> known;
};

/// A value that may stand in the document, and its path. Cheap to copy; lives as long as its
/// reading and its document.
class value {
public:
  value(reading& to, const document_node* node, std::string path, const document_node* place)
    : to_{&to}, node_{node}, place_{place}, path_{std::move(path)} {
    // nop
  }

  /// Whether the document has it.
  [[nodiscard]] bool given() const noexcept { return node_ != nullptr; }

  /// The node; only when given.
  [[nodiscard]] const document_node& node() const noexcept { return *node_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] reading& run() const noexcept { return *to_; }

  /// Reports what is wrong, at this value or, when it is not given, at what should contain it.
  void complain(std::string what) const;

  /// Reports what is right but surprising.
  void warn(std::string what) const;

  /// The value as it stands in the file, in one line and never long.
  [[nodiscard]] std::string as_written() const;

  /// Where this stands, for a fault or something else that has a place.
  [[nodiscard]] fault place(std::string what) const;

  /// Reports that this is something else than `expected`.
  void complain_type(std::string_view expected) const;

  /// An option: when given, parses it into target. `parse(value)` returns an optional and
  /// complains itself.
  template <class T, class Parse>
  const value& read(T& target, const Parse& parse) const {
    describe();
    if (given())
      if (auto x = parse(*this))
        target = std::move(*x);
    return *this;
  }

  /// An option that must be there.
  template <class T, class Parse>
  const value& require(T& target, std::string_view expected, const Parse& parse) const {
    if (!given() && !to_->describing)
      complain("is missing, expected " + std::string{expected});
    return read(target, parse);
  }

  /// A list: f(value) for every item. A null is an empty list.
  void each(const std::function<void(const value&)>& f) const;

  /// The same for what may be one object or a list of objects.
  void each_or_one(const std::function<void(const value&)>& f) const;

  /// An object with keys of the user's choice: f(key, value) for every entry, none twice. `any`
  /// stands for the key where options are described.
  void each_entry(const std::function<void(std::string_view, const value&)>& f,
                  std::string_view any = "*") const;

  /// Names this value as an option, when describing.
  void describe() const;

private:
  reading* to_;
  const document_node* node_;
  const document_node* place_; // the nearest node that exists
  std::string path_;
};

/// An object with known keys. When it ends, keys that nobody asked for are reported.
class fields {
public:
  /// A null is an empty object, anything else a fault.
  explicit fields(const value& x);
  ~fields();
  fields(const fields&) = delete;
  fields& operator=(const fields&) = delete;

  /// The value of a key; `alias` is another spelling of it.
  value get(std::string_view key, std::string_view alias = {});

  [[nodiscard]] reading& run() const noexcept { return self_.run(); }

private:
  [[nodiscard]] std::string advice(const std::string& key) const;

  value self_;
  std::vector<std::string_view> known_; // keys are literals
};

} // namespace pgstatsmon
