// The walk over families, backends and rows, which can stop and go on after any line.
#include "actors/registry/page.hpp"

#include "actors/registry/escape.hpp"

#include <algorithm>
#include <utility>

namespace pgstatsmon {

namespace {

constexpr std::string_view type_name(metric_type x) noexcept {
  switch (x) {
  case metric_type::counter: return "counter";
  case metric_type::histogram: return "histogram";
  case metric_type::gauge: break;
  }
  return "gauge";
}

} // namespace

page_reader::page_reader(snapshot_ptr backends, layout_ptr layout,
                         std::function<std::string()> daemon)
  : backends_{std::move(backends)}, layout_{std::move(layout)}, daemon_{std::move(daemon)} {
  blocks_.reserve(backends_->size());
  for (const auto& backend : *backends_)
    blocks_.push_back(blocks_of(*backend, layout_->queries));
}

size_t page_reader::read(char* to, size_t max) {
  out_.open(to, max);
  write_data();
  write_own();
  write_daemon();
  return out_.close();
}

void page_reader::write_data() {
  for (; family_ < layout_->data.size(); next_family()) {
    for (; backend_ < blocks_.size() && !out_.full(); ++backend_, part_ = row_ = 0) {
      write_parts();
      if (out_.full())
        return; // perhaps in the middle of these rows
    }
    if (backend_ < blocks_.size())
      return;
  }
}

void page_reader::write_parts() {
  const auto& own = blocks_[backend_].own;
  const auto& databases = blocks_[backend_].databases;
  const auto& family = layout_->data[family_];
  auto parts = 1 + (databases != nullptr && family.in_databases ? databases->size() : 0);
  for (; part_ < parts; ++part_, row_ = 0) {
    const auto* part = part_ == 0 ? own.get() : (*databases)[part_ - 1].get();
    if (part != nullptr)
      write_rows(part->of(family.query));
    if (out_.full())
      return;
  }
}

void page_reader::write_rows(const section& rows) {
  auto metric = layout_->data[family_].metric;
  const auto* definition = layout_->data[family_].definition;
  sample_writer to{out_, definition->family, *(*backends_)[backend_]};
  for (; row_ < rows.rows() && !out_.full(); ++row_) {
    auto value = rows.value(row_, metric);
    if (is_absent(value))
      continue;
    write_header(definition->family, type_name(definition->type), definition->help);
    to.part(definition->suffix, rows.labels(row_), definition->label, value);
  }
}

void page_reader::write_own() {
  for (; family_ - layout_->data.size() < layout_->own.size(); next_family()) {
    const auto& family = layout_->own[family_ - layout_->data.size()];
    for (; backend_ < blocks_.size(); ++backend_) {
      if (out_.full())
        return;
      if (family.kind && *family.kind != (*backends_)[backend_]->value.kind)
        continue;
      write_header(family.name, family.type, family.help);
      const auto& backend = *(*backends_)[backend_];
      sample_writer to{out_, family.name, backend, zeros_of(family, *backend.metrics)};
      family.write(to, backend, blocks_[backend_]);
    }
  }
}

// A fleet of servers that were never there would fill the page with zeros.
zeros page_reader::zeros_of(const own_family& family, const backend_metrics& counts) const {
  auto connected = counts.connects.load(std::memory_order_relaxed) > 0;
  auto all =
    layout_->shown == own_metrics::full || (layout_->shown == own_metrics::contract && connected);
  return all ? zeros::shown : family.never_connected;
}

void page_reader::write_daemon() {
  if (daemon_ && !out_.full())
    out_.append(std::exchange(daemon_, nullptr)());
}

void page_reader::write_header(std::string_view name, std::string_view type,
                               std::string_view help) {
  if (std::exchange(headed_, true)) [[likely]]
    return;
  std::string text{"# HELP "};
  text.append(name).append(" ");
  append_help(text, help);
  text.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  out_.append(text);
}

void page_reader::next_family() noexcept {
  ++family_;
  backend_ = part_ = row_ = 0;
  if (family_ >= layout_->data.size() || layout_->data[family_].definition->leads)
    headed_ = false;
}

} // namespace pgstatsmon
