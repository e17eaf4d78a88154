// What libpq is told when it connects: its own keywords.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// One of libpq's keywords, as PQconndefaults knows them, and its value.
struct connect_parameter {
  std::string keyword{};
  std::string value{};

  friend bool operator==(const connect_parameter&, const connect_parameter&) = default;
};

/// Parameters in the order in which libpq gets them: of those with one keyword it takes the last
/// that has a value.
class connect_parameters {
public:
  connect_parameters() = default;
  connect_parameters(std::initializer_list<connect_parameter> all) : all_{all} {}

  void add(std::string keyword, std::string value) {
    all_.push_back({std::move(keyword), std::move(value)});
  }

  void add(const connect_parameters& more) {
    all_.insert(all_.end(), more.all_.begin(), more.all_.end());
  }

  [[nodiscard]] bool contains(std::string_view keyword) const {
    return std::ranges::find(all_, keyword, &connect_parameter::keyword) != all_.end();
  }

  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }

  friend bool operator==(const connect_parameters&, const connect_parameters&) = default;

private:
  std::vector<connect_parameter> all_;
};

} // namespace pgstatsmon
