// The one file that brings main() for all unit tests.
#include <caf/test/unit_test_impl.hpp>
