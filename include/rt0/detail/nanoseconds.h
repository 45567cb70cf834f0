// How long something shall take, as the runtime counts it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <ratio>
#include <type_traits>

namespace rt0::detail {

__extension__ typedef __int128 int128; // NOLINT(modernize-use-using): -Wpedantic

// Nanoseconds, rounded up: nothing happens too early. As many as there can be where they are more,
// or fewer than a negative number can say; 0 where it is not a number. In arithmetic of d's own
// type, as std::chrono's casts, so that 0.1 s are 100,000,000 ns.
template <class Rep, class Period>
constexpr std::int64_t in_nanoseconds(std::chrono::duration<Rep, Period> d) {
    if constexpr (std::integral<Rep>) {
        // As in std::chrono: what both can be divided by is left out.
        using factor = std::ratio_divide<Period, std::nano>;
        // No product of a 64-bit count and factor::num is too large for it.
        const int128 product = static_cast<int128>(d.count()) * factor::num;
        const int128 up = product / factor::den + (product % factor::den > 0 ? 1 : 0);
        return up > INT64_MAX   ? INT64_MAX
               : up < INT64_MIN ? INT64_MIN
                                : static_cast<std::int64_t>(up);
    } else {
        using rep = std::conditional_t<std::floating_point<Rep>, Rep, long double>;
        constexpr rep limit = 0x1p63L; // the first that is too many
        const rep exact =
            std::chrono::duration_cast<std::chrono::duration<rep, std::nano>>(d).count();
        if (exact >= limit) {
            return INT64_MAX;
        }
        if (!(exact > -limit)) {
            return exact <= -limit ? INT64_MIN : 0;
        }
        const auto down = static_cast<std::int64_t>(exact);
        return static_cast<rep>(down) < exact ? down + 1 : down;
    }
}

// The same; 0 where it is not positive.
template <class Rep, class Period>
constexpr std::int64_t to_nanoseconds(std::chrono::duration<Rep, Period> d) {
    const std::int64_t nanoseconds = in_nanoseconds(d);
    return nanoseconds > 0 ? nanoseconds : 0;
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
    // Not when - now, which may be more than its type can say.
    const std::int64_t then = in_nanoseconds(when.time_since_epoch());
    const std::int64_t now = in_nanoseconds(Clock::now().time_since_epoch());
    std::int64_t left = 0;
    if (then <= now) {
        return 0;
    }
    return __builtin_sub_overflow(then, now, &left) ? INT64_MAX : left;
}

} // namespace rt0::detail
