#include "common/ids/handle.h"

#include <set>

#include "gtest/gtest.h"

namespace waystation {
namespace {

TEST(HandleTest, HasPrefixAndThreeGroups) {
  RandomSource counting = [next = 0](void* out, size_t size) mutable {
    for (size_t i = 0; i < size; i++) static_cast<unsigned char*>(out)[i] = next++;
  };
  EXPECT_EQ(NewHandle("pv", counting), "pv-0123-4567-89ab");
  EXPECT_EQ(NewHandle("pv", counting), "pv-cdef-ghjk-mnpq");
  EXPECT_EQ(NewHandle("pv", counting), "pv-rstv-wxyz-0123");
}

TEST(HandleTest, KnowsItsOwnForm) {
  EXPECT_TRUE(IsHandle(NewHandle("case", SystemRandom), "case"));
  EXPECT_TRUE(IsHandle("pv-7q4k-2m9x-0tce", "pv"));
  for (std::string_view text :
       {"", "pv", "pv-7q4k-2m9x", "xv-7q4k-2m9x-0tce", "pv-7q4k-2m9x-0tce0", "pv-7q4i-2m9x-0tce",
        "pv-7Q4k-2m9x-0tce", "pv-7Q4K-2M9X-0TCE", "pv-7q4k02m9x-0tce"}) {
    EXPECT_FALSE(IsHandle(text, "pv")) << text;
  }
  EXPECT_FALSE(IsHandle("-7q4k-2m9x-0tce", ""));
}

TEST(HandleTest, HandlesDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; i++) seen.insert(NewHandle("pv", SystemRandom));
  EXPECT_EQ(seen.size(), 20'000u);
}

}  // namespace
}  // namespace waystation
