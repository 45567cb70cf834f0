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

// The same of what is left until a time of a clock. Of one that may be set: as it is now.
template <class Clock, class Duration>
std::int64_t nanoseconds_until(std::chrono::time_point<Clock, Duration> when) {
    const auto now = Clock::now();
    return when <= now ? 0 : to_nanoseconds(when - now);
}

} // namespace rt0::detail
