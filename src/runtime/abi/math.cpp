// The functions of <cmath> that the standard library's own headers call, and those that are one
// instruction but stay calls because of errno (which these do not set). The rest is a mathematics
// library's.
#include <bit>
#include <cstdint>
#include <limits>

namespace {

// Towards zero. From 2^52 (2^23) on, every number is whole; NaN and infinity are left as they are.
template <class number>
number truncate(number x) {
    constexpr number all_whole = number{1} / std::numeric_limits<number>::epsilon();
    const number magnitude = x < 0 ? -x : x;
    if (!(magnitude < all_whole)) {
        return x;
    }
    const auto whole = static_cast<number>(static_cast<int64_t>(magnitude));
    return __builtin_signbit(x) != 0 ? -whole : whole;
}

template <class number>
number round_down(number x) {
    const number whole = truncate(x);
    return whole > x ? whole - 1 : whole;
}

// -0.5 becomes -0.
template <class number>
number round_up(number x) {
    return -round_down(-x);
}

// The next number in the direction of `to`: those of one sign follow each other as their bits do.
template <class bits, class number>
number next(number from, number to) {
    if (__builtin_isnan(from) || __builtin_isnan(to)) {
        return from + to;
    }
    if (from == to) {
        return to;
    }
    if (from == 0) {
        constexpr number least = std::numeric_limits<number>::denorm_min();
        return to > 0 ? least : -least;
    }
    const bool away_from_zero = (from < to) == (from > 0);
    const bits pattern = std::bit_cast<bits>(from);
    return std::bit_cast<number>(away_from_zero ? pattern + 1 : pattern - 1);
}

} // namespace

extern "C" {

double trunc(double x) {
    return truncate(x);
}

float truncf(float x) {
    return truncate(x);
}

double floor(double x) {
    return round_down(x);
}

float floorf(float x) {
    return round_down(x);
}

double ceil(double x) {
    return round_up(x);
}

float ceilf(float x) {
    return round_up(x);
}

double nextafter(double from, double to) {
    return next<uint64_t>(from, to);
}

float nextafterf(float from, float to) {
    return next<uint32_t>(from, to);
}

double sqrt(double x) {
    asm("sqrtsd %0, %0" : "+x"(x));
    return x;
}

float sqrtf(float x) {
    asm("sqrtss %0, %0" : "+x"(x));
    return x;
}

// x87 has the logarithm: ln 2 * log2 x.
long double logl(long double x) {
    long double result = 0; // NOLINT(misc-const-correctness): the assembly writes it
    asm("fldln2\n\t"
        "fxch %%st(1)\n\t"
        "fyl2x"
        : "=t"(result)
        : "0"(x)
        : "st(1)");
    return result;
}

} // extern "C"
