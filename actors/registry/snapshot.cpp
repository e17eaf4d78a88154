// An entry's label text, rendered once for its whole life, and the list of all entries.
#include "actors/registry/snapshot.hpp"

#include "actors/registry/escape.hpp"

namespace pgstatsmon {

entry::entry(backend known, incarnation number, metrics_ptr counts)
  : value{std::move(known)},
    life{number},
    prefix{render_labels({{"backend", value.name}})},
    suffix{value.labels.empty() ? std::string{} : ',' + render_labels(value.labels)},
    metrics{std::move(counts)} {
  // nop
}

void entry::take_blocks_of(const entry& x) noexcept {
  samples.store(x.samples.load(std::memory_order_acquire), std::memory_order_release);
  databases.store(x.databases.load(std::memory_order_acquire), std::memory_order_release);
  answered.store(x.answered.load(std::memory_order_acquire), std::memory_order_release);
}

size_t shown_blocks::series() const noexcept {
  size_t result = own == nullptr ? 0 : own->series();
  if (databases != nullptr)
    for (const auto& x : *databases)
      result += x->series();
  return result;
}

shown_blocks blocks_of(const entry& x, const catalogue_ptr& queries) {
  auto fits = [&](const block_ptr& y) { return y != nullptr && y->queries() == queries; };
  // First, so that who was not seen to have answered is not shown as up without a value.
  auto answered = x.answered.load(std::memory_order_acquire);
  shown_blocks result{x.samples.load(std::memory_order_acquire),
                      x.databases.load(std::memory_order_acquire), answered};
  if (!fits(result.own))
    result.own = nullptr;
  // All are of one life, which has one catalogue.
  if (result.databases != nullptr
      && (result.databases->empty() || !fits(result.databases->front())))
    result.databases = nullptr;
  return result;
}

snapshot_ptr snapshot_cell::get() const {
  std::lock_guard guard{mutex_};
  if (list_ != nullptr)
    return list_;
  auto list = std::make_shared<entry_list>();
  list->reserve(entries_.size());
  for (const auto& [life, x] : entries_)
    list->push_back(x);
  copied_ += list->size();
  list_ = std::move(list);
  return list_;
}

void snapshot_cell::add(entry_ptr x) {
  std::lock_guard guard{mutex_};
  auto life = x->life;
  entries_.insert_or_assign(life, std::move(x));
  list_ = nullptr;
}

void snapshot_cell::remove(incarnation life) {
  std::lock_guard guard{mutex_};
  if (entries_.erase(life) > 0)
    list_ = nullptr;
}

uint64_t snapshot_cell::copied() const {
  std::lock_guard guard{mutex_};
  return copied_;
}

} // namespace pgstatsmon
