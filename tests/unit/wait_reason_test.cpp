// What dumps say of goroutines that wait.
#include "sched/sched.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace runtime {
namespace {

TEST(WaitReason, EachHasWordsOfItsOwn) {
    std::set<std::string> texts;
    constexpr auto last = static_cast<uint8_t>(wait_reason::all_others);
    for (uint8_t reason = 0; reason <= last; ++reason) {
        EXPECT_TRUE(texts.insert(wait_reason_text(static_cast<wait_reason>(reason))).second)
            << static_cast<int>(reason);
    }
    EXPECT_STREQ(wait_reason_text(static_cast<wait_reason>(last + 1)), "waiting")
        << "there is another one";
}

} // namespace
} // namespace runtime
