// How long something shall take, as the runtime counts it.
#pragma once

#include <chrono>
#include <cstdint>

namespace rt0::detail {

// Nanoseconds, rounded up: nothing happens too early. Where there are too many, as many as there
// can be; 0 where it is not positive.
template <class Rep, class Period>
constexpr std::int64_t to_nanoseconds(std::chrono::duration<Rep, Period> d) {
    using wide = std::chrono::duration<long double, std::nano>;
    const long double about = std::chrono::duration_cast<wide>(d).count();
    if (!(about > 0)) {
        return 0;
    }
    if (about >= static_cast<long double>(INT64_MAX)) {
        return INT64_MAX;
    }
    return std::chrono::ceil<std::chrono::nanoseconds>(d).count();
}

// So long from now, or as late as there is a time for.
template <class Rep, class Period>
std::chrono::steady_clock::time_point time_from_now(std::chrono::duration<Rep, Period> d) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::nanoseconds wanted(to_nanoseconds(d));
    const auto latest = std::chrono::steady_clock::time_point::max();
    return wanted < latest - now ? now + wanted : latest;
}

// What is left until a time of a clock, as to_nanoseconds. Of one that may be set: as it is now.
template <class Clock, class Duration>
std::int64_t nanoseconds_until(std::chrono::time_point<Clock, Duration> when) {
    const auto now = Clock::now();
    return when <= now ? 0 : to_nanoseconds(when - now);
}

} // namespace rt0::detail
