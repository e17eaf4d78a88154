// A value that exists from the moment it is needed.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace pgstatsmon {

/// Any thread may make the value or look whether there is one.
template <class T>
class lazy {
public:
  lazy() = default;
  lazy(const lazy&) = delete;
  lazy& operator=(const lazy&) = delete;
  ~lazy() { delete value_.load(std::memory_order_acquire); }

  /// Null before the first make().
  [[nodiscard]] const T* get() const noexcept { return value_.load(std::memory_order_acquire); }
  [[nodiscard]] T* get() noexcept { return value_.load(std::memory_order_acquire); }

  /// The value, made from these arguments if there was none.
  template <class... Args>
  T& make(Args&&... args) {
    auto* made = value_.load(std::memory_order_acquire);
    if (made != nullptr)
      return *made;
    auto fresh = std::make_unique<T>(std::forward<Args>(args)...);
    // Of two threads that make it at once both get the first one's.
    if (!value_.compare_exchange_strong(made, fresh.get(), std::memory_order_acq_rel,
                                        std::memory_order_acquire))
      return *made;
    return *fresh.release();
  }

private:
  std::atomic<T*> value_{nullptr};
};

} // namespace pgstatsmon
