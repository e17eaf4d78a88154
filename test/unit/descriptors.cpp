// How a limit of open files is dealt out.
#define SUITE descriptors

#include "config/descriptors.hpp"

#include "test/unit/test.hpp"

#include "config/settings.hpp"

using namespace pgstatsmon;

namespace {

settings with_backends(size_t n) {
  settings result;
  result.static_backends.resize(n);
  return result;
}

} // namespace

TEST(a large limit leaves nearly all to the backends) {
  auto plan = plan_descriptors(1'048'576, settings{});
  CHECK_EQUAL(plan.page_clients, 512u);
  CHECK(plan.sessions > 1'047'000);
  CHECK_EQUAL(plan.reserved() + plan.sessions, plan.limit);
}

TEST(a small limit leaves something to everyone) {
  auto plan = plan_descriptors(40, settings{});
  CHECK(plan.page_clients >= 4);
  CHECK(plan.sessions >= 8);
  CHECK(plan.reserved() >= 28);
}

TEST(no limit leaves nobody without anything) {
  for (uint64_t limit = 0; limit < 3000; ++limit) {
    auto plan = plan_descriptors(limit, settings{});
    CHECK(plan.sessions >= 1);
    CHECK(plan.page_clients >= 1);
    if (limit > 24)
      CHECK(plan.sessions + plan.page_clients < limit);
  }
}

TEST(what a fleet needs is enough for two sessions each) {
  auto options = with_backends(500);
  auto needed = descriptors_needed(options);
  CHECK(plan_descriptors(needed + 2000, options).sessions >= 1000);
  CHECK(descriptor_warning(options, needed).empty());
  CHECK(!descriptor_warning(options, needed - 1).empty());
}

TEST(sessions of visits are counted) {
  auto options = with_backends(10);
  auto before = descriptors_needed(options);
  options.databases.keep = 5;
  CHECK_EQUAL(descriptors_needed(options), before);
  options.static_backends[3].databases.on = true;
  options.static_backends[3].databases.at_once = 2;
  CHECK_EQUAL(descriptors_needed(options), before + 5 + 2);
  options.databases.on = true;
  CHECK_EQUAL(descriptors_needed(options), before + 10 * (5 + 1) + 1);
}

TEST(the warning says how much is missing and what to raise) {
  auto text = descriptor_warning(with_backends(60), 40);
  for (const auto* word : {"40 files", "60 backends", "LimitNOFILE", "ulimit -n"})
    CHECK(text.find(word) != std::string::npos);
}
