// Plans that several backends have.
#define SUITE shared_plans

#include "actors/registry/shared_plans.hpp"

#include "test/unit/test.hpp"

#include <string>

using namespace pgstatsmon;

namespace {

std::shared_ptr<const plan_trace> plan(const std::string& why, uint32_t stretch = 1) {
  return std::make_shared<plan_trace>(
    plan_trace{{.variant = 1, .why = {}, .elsewhere = {}, .stretch = stretch},
               {.variant = std::nullopt, .why = why, .elsewhere = {}, .stretch = 1}});
}

} // namespace

TEST(equal plans are one) {
  shared_plans all;
  auto first = all.share(plan("switched off"));
  CHECK(all.share(plan("switched off")) == first);
  CHECK_EQUAL(all.size(), 1u);
}

TEST(others are apart) {
  shared_plans all;
  auto first = all.share(plan("switched off"));
  auto second = all.share(plan("needs a right"));
  auto third = all.share(plan("switched off", 2));
  CHECK(*first != *second);
  CHECK(*first != *third);
  CHECK_EQUAL(all.size(), 3u);
}

TEST(what nobody has is forgotten) {
  shared_plans all;
  auto kept = all.share(plan("kept"));
  for (size_t i = 0; i < 10 * shared_plans::least; ++i)
    all.share(plan(std::to_string(i)));
  CHECK(all.size() <= shared_plans::least);
  CHECK(all.share(plan("kept")) == kept);
}
