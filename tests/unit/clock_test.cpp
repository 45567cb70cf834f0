// What a p knows of the time, by the machine's own counter and clock.
#include "sched/clock.h"

#include <gtest/gtest.h>

namespace runtime {
namespace {

// One that has measured how fast the counter is, where it counts evenly.
clock_memory measured() {
    clock_memory memory{};
    for (const int64_t end = nanotime() + 1'000'000'000; memory.rate == 0 && nanotime() < end;) {
        (void)about_now(memory);
    }
    return memory;
}

TEST(Clock, SaysBetweenWhichTimesItIs) {
    clock_memory memory = measured();
    for (int i = 0; i < 100'000; ++i) {
        const int64_t before = nanotime();
        const time_span now = about_now(memory);
        const int64_t after = nanotime();
        ASSERT_LE(now.earliest, after);
        ASSERT_GE(now.latest, before);
        ASSERT_LE(now.earliest, now.latest);
    }
}

TEST(Clock, WaitsForAsLongAsItIsAsked) {
    const clock_memory memory = measured();
    if (memory.rate == 0) {
        GTEST_SKIP() << "a counter that stands still, or nearly";
    }
    for (int64_t time = 0; time < 10'000; time += 100) {
        const int64_t before = nanotime();
        ASSERT_TRUE(wait_for(memory, time));
        ASSERT_GE(nanotime() - before, time);
    }
}

TEST(Clock, WaitsOnlyByACounterThatItKnows) {
    EXPECT_FALSE(wait_for(clock_memory{}, INT64_MAX));
}

} // namespace
} // namespace runtime
