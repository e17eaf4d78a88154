// CAF's unit test framework under short names, for logic without actors. Define SUITE first.
#pragma once

#ifndef SUITE
#error "define SUITE before including this header"
#endif

#define CAF_SUITE SUITE

#include <caf/test/unit_test.hpp>

#define TEST CAF_TEST
#define CHECK CAF_CHECK
#define CHECK_EQUAL CAF_CHECK_EQUAL
#define REQUIRE CAF_REQUIRE
#define FIXTURE_SCOPE CAF_TEST_FIXTURE_SCOPE
#define FIXTURE_SCOPE_END CAF_TEST_FIXTURE_SCOPE_END
