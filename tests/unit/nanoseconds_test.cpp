#include <rt0/detail/nanoseconds.h>

#include <cstdint>
#include <limits>
#include <ratio>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using rt0::detail::in_nanoseconds;
using rt0::detail::nanoseconds_until;
using rt0::detail::to_nanoseconds;
using std::chrono::duration;

template <class Period, class Rep>
std::int64_t of(Rep count) {
    return in_nanoseconds(duration<Rep, Period>(count));
}

TEST(Nanoseconds, WholeNumbersAreExact) {
    EXPECT_EQ(in_nanoseconds(3ms), 3'000'000);
    EXPECT_EQ(in_nanoseconds(-3ms), -3'000'000);
    EXPECT_EQ(to_nanoseconds(-3ms), 0);
    EXPECT_EQ(to_nanoseconds(0s), 0);
    EXPECT_EQ(in_nanoseconds(std::chrono::nanoseconds::max()), INT64_MAX);
    EXPECT_EQ(in_nanoseconds(std::chrono::nanoseconds::min()), INT64_MIN);
    EXPECT_EQ(in_nanoseconds(9'223'372'036'854'775us), 9'223'372'036'854'775'000);
    EXPECT_EQ(of<std::ratio<1>>(std::uint8_t{255}), 255'000'000'000);
}

TEST(Nanoseconds, TooManyAreAsManyAsThereCanBe) {
    EXPECT_EQ(in_nanoseconds(9'223'372'036'854'776us), INT64_MAX);
    EXPECT_EQ(in_nanoseconds(-9'223'372'036'854'776us), INT64_MIN);
    EXPECT_EQ(in_nanoseconds(std::chrono::hours::max()), INT64_MAX);
    EXPECT_EQ(in_nanoseconds(std::chrono::hours::min()), INT64_MIN);
    EXPECT_EQ(to_nanoseconds(std::chrono::hours::min()), 0);
    EXPECT_EQ(in_nanoseconds(std::chrono::years(1000)), INT64_MAX);
    EXPECT_EQ(of<std::nano>(UINT64_MAX), INT64_MAX);
    EXPECT_EQ(of<std::atto>(UINT64_MAX), 18'446'744'074);
}

TEST(Nanoseconds, PartsOfOneAreRoundedUp) {
    EXPECT_EQ(of<std::pico>(1), 1);
    EXPECT_EQ(of<std::pico>(1000), 1);
    EXPECT_EQ(of<std::pico>(1001), 2);
    EXPECT_EQ(of<std::pico>(-999), 0);
    EXPECT_EQ(of<std::pico>(-1001), -1);
    EXPECT_EQ((of<std::ratio<1, 3000>>(1)), 333'334);
    // Where count times a second's nanoseconds has more than 64 bits.
    EXPECT_EQ((of<std::ratio<1, 44100>>(INT64_C(1'000'000'000'000))), 22'675'736'961'451'248);
    EXPECT_EQ((of<std::ratio<1, 60>>(INT64_C(200'000'000'000))), 3'333'333'333'333'333'334);
    EXPECT_EQ((of<std::ratio<1, 60>>(INT64_MAX)), INT64_MAX);
}

TEST(Nanoseconds, FloatingPointIsWhatChronoMakesOfIt) {
    EXPECT_EQ(to_nanoseconds(duration<double>(0.1)), 100'000'000);
    EXPECT_EQ(to_nanoseconds(duration<float>(0.5F)), 500'000'000);
    EXPECT_EQ((of<std::nano>(1.5)), 2);
    EXPECT_EQ((of<std::nano>(-1.5)), -1);
    EXPECT_EQ((of<std::nano>(1e-300)), 1);
    EXPECT_EQ((of<std::ratio<1>>(1e300)), INT64_MAX);
    EXPECT_EQ((of<std::ratio<1>>(-1e300)), INT64_MIN);
    EXPECT_EQ((of<std::ratio<1>>(std::numeric_limits<double>::infinity())), INT64_MAX);
    EXPECT_EQ((of<std::ratio<1>>(-std::numeric_limits<float>::infinity())), INT64_MIN);
    EXPECT_EQ((of<std::ratio<1>>(std::numeric_limits<double>::quiet_NaN())), 0);
    // What is a little less than 2^63 ns, and becomes that.
    EXPECT_EQ((of<std::milli>(0x1.0c6f7a0b5ed8dp+43)), INT64_MAX);
    EXPECT_EQ((of<std::nano>(0x1p63)), INT64_MAX);
    EXPECT_EQ((of<std::nano>(-0x1p63)), INT64_MIN);
    EXPECT_EQ((of<std::nano>(0x1.fffffffffffffp62)), 9'223'372'036'854'774'784);
    EXPECT_EQ((of<std::nano>(0x1.fffffep62F)), 9'223'371'487'098'961'920);
    EXPECT_EQ((of<std::nano>(9'223'372'036'854'775'806.5L)), INT64_MAX);
    EXPECT_EQ((of<std::nano>(9'223'372'036'854'775'805.5L)), INT64_MAX - 1);
}

struct noon {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<noon>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static time_point now() { return time_point(12h); }
};
template <class Duration>
using time = std::chrono::time_point<noon, Duration>;

TEST(Nanoseconds, UntilATimeOfAClock) {
    EXPECT_EQ(nanoseconds_until(time<std::chrono::hours>(13h)), 3'600'000'000'000);
    EXPECT_EQ(nanoseconds_until(time<std::chrono::hours>(12h)), 0);
    EXPECT_EQ(nanoseconds_until(time<std::chrono::hours>(-13h)), 0);
    // Rounded up, so that the clock does not say less when it is over.
    EXPECT_EQ(nanoseconds_until(time<duration<std::int64_t, std::pico>>(
                  duration<std::int64_t, std::pico>(43'200'000'000'000'001))),
              1);
    // Past what nanoseconds say.
    constexpr std::int64_t rest = INT64_MAX - 43'200'000'000'000;
    EXPECT_EQ(nanoseconds_until(time<std::chrono::years>(std::chrono::years(1000))), rest);
    EXPECT_EQ(nanoseconds_until(time<std::chrono::seconds>::max()), rest);
    EXPECT_EQ(nanoseconds_until(time<std::chrono::nanoseconds>::max()), rest);
    EXPECT_EQ(nanoseconds_until(time<std::chrono::seconds>::min()), 0);
    EXPECT_EQ(nanoseconds_until(time<duration<double>>(duration<double>(1e300))), rest);
}

struct long_ago : noon {
    using time_point = std::chrono::time_point<long_ago>;
    static time_point now() { return time_point(-12h); }
};

TEST(Nanoseconds, UntilATimeThatIsTooFarAway) {
    using late = std::chrono::time_point<long_ago, std::chrono::seconds>;
    EXPECT_EQ(nanoseconds_until(late::max()), INT64_MAX);
}

} // namespace
