#include "common/ids/handle.h"

#include <set>

#include "gtest/gtest.h"

namespace waystation {
namespace {

TEST(HandleTest, HasPrefixAndThreeGroups) {
  RandomSource counting = [next = 0](void* out, size_t size) mutable {
    for (size_t i = 0; i < size; i++) static_cast<unsigned char*>(out)[i] = next++;
  };
  EXPECT_EQ(NewHandle("pv", counting), "pv-0123-4567-89AB");
  EXPECT_EQ(NewHandle("pv", counting), "pv-CDEF-GHJK-MNPQ");
  EXPECT_EQ(NewHandle("pv", counting), "pv-RSTV-WXYZ-0123");
}

TEST(HandleTest, KnowsItsOwnForm) {
  EXPECT_TRUE(IsHandle(NewHandle("case", SystemRandom), "case"));
  EXPECT_TRUE(IsHandle("pv-7Q4K-2M9X-0TCE", "pv"));
  for (std::string_view text : {"", "pv", "pv-7Q4K-2M9X", "xv-7Q4K-2M9X-0TCE", "pv-7Q4K-2M9X-0TCE0",
                                "pv-7Q4I-2M9X-0TCE", "pv-7q4k-2M9X-0TCE", "pv-7Q4K02M9X-0TCE"}) {
    EXPECT_FALSE(IsHandle(text, "pv")) << text;
  }
  EXPECT_FALSE(IsHandle("-7Q4K-2M9X-0TCE", ""));
}

TEST(HandleTest, HandlesDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; i++) seen.insert(NewHandle("pv", SystemRandom));
  EXPECT_EQ(seen.size(), 20'000u);
}

}  // namespace
}  // namespace waystation
