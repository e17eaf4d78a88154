// Counting in place, and copying what another thread writes meanwhile.
#include "actors/actor_record.hpp"

#include <caf/atom.hpp>
#include <caf/type_nr.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include <cxxabi.h>

namespace pgstatsmon {

namespace {

using relaxed = std::integral_constant<std::memory_order, std::memory_order_relaxed>;

// The two highest bits say what the low ones are, the third that it is an answer.
constexpr unsigned form_shift = 62;
constexpr uint64_t custom = 1ULL << form_shift;  // address of a std::type_info
constexpr uint64_t builtin = 2ULL << form_shift; // CAF's number of the type
constexpr uint64_t atom = 3ULL << form_shift;    // an atom
constexpr uint64_t form_mask = 3ULL << form_shift;
constexpr uint64_t answer = 1ULL << 61U;
constexpr uint64_t value_mask = answer - 1;

int64_t ticks_of(actor_record::time_point x) noexcept {
  return x.time_since_epoch().count();
}

actor_record::time_point time_of(int64_t x) noexcept {
  return actor_record::time_point{actor_record::time_point::duration{x}};
}

std::string name_of(const std::type_info& x) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text{
    abi::__cxa_demangle(x.name(), nullptr, nullptr, &status), std::free};
  std::string result = status == 0 ? text.get() : x.name();
  constexpr std::string_view ours = "pgstatsmon::";
  for (auto i = result.find(ours); i != std::string::npos; i = result.find(ours))
    result.erase(i, ours.size());
  return result;
}

} // namespace

message_kind message_kind::of(const caf::mailbox_element& x) noexcept {
  const auto& content = x.content();
  message_kind result;
  result.bits_ = x.mid.is_response() ? answer : 0;
  if (content.empty())
    return result;
  auto [number, type] = content.type(0);
  if (type != nullptr)
    result.bits_ |= custom | reinterpret_cast<uintptr_t>(type);
  else if (number != caf::type_nr<caf::atom_value>::value)
    result.bits_ |= builtin | number;
  else if (auto value = static_cast<uint64_t>(content.get_as<caf::atom_value>(0));
           value <= value_mask) // atoms of ten characters are none of ours
    result.bits_ |= atom | value;
  else
    result.bits_ |= builtin | number;
  return result;
}

message_kind message_kind::from(uint64_t bits) noexcept {
  message_kind result;
  result.bits_ = bits;
  return result;
}

std::string message_kind::name() const {
  auto value = bits_ & value_mask;
  std::string result = "empty";
  switch (bits_ & form_mask) {
  case custom: result = name_of(*reinterpret_cast<const std::type_info*>(value)); break;
  case builtin: result = caf::numbered_type_names[value - 1]; break;
  case atom: result = caf::to_string(static_cast<caf::atom_value>(value)); break;
  }
  return (bits_ & answer) != 0 ? result + " (answer)" : result;
}

void actor_record::begin(message_kind what, time_point now) noexcept {
  auto number = handled_.load(relaxed::value);
  // What a broker's connections say does not come through its mailbox.
  auto enqueued = std::max(enqueued_.load(relaxed::value), number);
  if (enqueued - number > max_depth_.load(relaxed::value))
    max_depth_.store(enqueued - number, relaxed::value);
  auto& to = at(number);
  to.what.store(what.bits(), relaxed::value);
  to.when.store(ticks_of(now), relaxed::value);
  running_since_.store(ticks_of(now), std::memory_order_release);
}

void actor_record::end(time_point now) noexcept {
  auto took = ticks_of(now) - running_since_.load(relaxed::value);
  auto number = handled_.load(relaxed::value);
  at(number).took.store(took, relaxed::value);
  busy_.store(busy_.load(relaxed::value) + took, relaxed::value);
  if (took > longest_.load(relaxed::value))
    longest_.store(took, relaxed::value);
  running_since_.store(0, relaxed::value);
  handled_.store(number + 1, std::memory_order_release);
}

uint64_t actor_record::depth() const noexcept {
  // In this order: what is enqueued between the two looks is one too many, never one too few.
  auto done = handled();
  return std::max(enqueued_.load(relaxed::value), done) - done;
}

std::optional<actor_record::activity> actor_record::now() const noexcept {
  auto since = running_since_.load(std::memory_order_acquire);
  if (since == 0)
    return std::nullopt;
  return activity{.what =
                    message_kind::from(at(handled_.load(relaxed::value)).what.load(relaxed::value)),
                  .since = time_of(since)};
}

std::vector<actor_record::handled_message> actor_record::messages() const {
  std::vector<handled_message> result;
  auto last = handled();
  auto first = last - std::min<uint64_t>(last, shown_messages);
  for (auto i = first; i < last; ++i) {
    const auto& from = at(i);
    result.push_back({message_kind::from(from.what.load(relaxed::value)),
                      time_of(from.when.load(relaxed::value)),
                      caf::timespan{from.took.load(relaxed::value)}});
  }
  // What the actor may have begun to write over meanwhile is left out.
  std::atomic_thread_fence(std::memory_order_acquire);
  auto written = handled_.load(relaxed::value) + 1;
  auto lost = written > first + slots ? written - slots - first : 0;
  result.erase(result.begin(),
               result.begin() + static_cast<int64_t>(std::min<uint64_t>(lost, result.size())));
  return result;
}

} // namespace pgstatsmon
