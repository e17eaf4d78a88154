// Base64: both ways, and what is none.
#define SUITE base64

#include "config/base64.hpp"

#include "test/unit/test.hpp"

#include <string>

using namespace pgstatsmon;

TEST(base64 goes both ways) {
  CHECK_EQUAL(to_base64("/a/1"), "L2EvMQ==");
  CHECK_EQUAL(to_base64("\xff\xfe\xfd"), "//79");
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    CHECK_EQUAL(from_base64(to_base64(bytes)).value_or("none"), bytes);
    bytes += static_cast<char>(i);
  }
}

TEST(what is no base64 is nothing) {
  for (const auto* x : {"no base64!", "YQ", "YQ=", "Y===", "====", "YQ==YQ==", " YQ==", "YQ== ",
                        "YQ\n=", "Y Q=", "Y-_="})
    CHECK(!from_base64(x));
}
