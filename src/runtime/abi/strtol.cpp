// strtol and its kind, which std::stoi and its kind call, and atol.
#include <climits>

#include "abi/errno.h"

namespace {

constexpr int error_invalid = 22; // EINVAL
constexpr int error_range = 34;   // ERANGE

struct parsed {
    unsigned long magnitude;
    bool negative;
    bool overflow; // of 64 bits
};

// The value of a digit in any base up to 36; 36 for what is none.
unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    const auto letter = static_cast<unsigned>((c | 0x20) - 'a');
    return letter < 26 ? letter + 10 : 36;
}

using runtime::set_errno;

// Blanks, a sign, 0x or 0b or 0 where the base allows it, digits. *end is behind the last digit, or
// text where there is none.
parsed parse(const char* text, char** end, int base) {
    parsed result{};
    if (end != nullptr) {
        *end = const_cast<char*>(text);
    }
    if (base < 0 || base == 1 || base > 36) {
        set_errno(error_invalid);
        return result;
    }
    const char* c = text;
    while (*c == ' ' || (*c >= '\t' && *c <= '\r')) {
        ++c;
    }
    if (*c == '-' || *c == '+') {
        result.negative = *c++ == '-';
    }
    if (c[0] == '0' && (base == 0 || base == 16) && (c[1] | 0x20) == 'x' &&
        digit_value(c[2]) < 16) {
        base = 16;
        c += 2;
    } else if (c[0] == '0' && (base == 0 || base == 2) && (c[1] | 0x20) == 'b' &&
               digit_value(c[2]) < 2) {
        base = 2;
        c += 2;
    } else if (base == 0) {
        base = c[0] == '0' ? 8 : 10;
    }
    const auto radix = static_cast<unsigned>(base);
    bool any = false;
    for (unsigned digit = digit_value(*c); digit < radix; digit = digit_value(*++c)) {
        any = true;
        unsigned long scaled = 0;
        result.overflow |= __builtin_mul_overflow(result.magnitude, radix, &scaled);
        result.overflow |= __builtin_add_overflow(scaled, digit, &result.magnitude);
    }
    if (any && end != nullptr) {
        *end = const_cast<char*>(c);
    }
    return result;
}

} // namespace

extern "C" {

long strtol(const char* text, char** end, int base) {
    const parsed result = parse(text, end, base);
    const unsigned long limit =
        static_cast<unsigned long>(LONG_MAX) + (result.negative ? 1UL : 0UL);
    if (result.overflow || result.magnitude > limit) {
        set_errno(error_range);
        return result.negative ? LONG_MIN : LONG_MAX;
    }
    return static_cast<long>(result.negative ? 0 - result.magnitude : result.magnitude);
}

unsigned long strtoul(const char* text, char** end, int base) {
    const parsed result = parse(text, end, base);
    if (result.overflow) {
        set_errno(error_range);
        return ULONG_MAX;
    }
    return result.negative ? 0 - result.magnitude : result.magnitude;
}

// What does not fit is not defined; these are strtol's answers, and set errno as glibc's do.
int atoi(const char* text) {
    return static_cast<int>(strtol(text, nullptr, 10));
}

long atol(const char* text) {
    return strtol(text, nullptr, 10);
}

// long long is long. The names beginning with __isoc23 are what newer glibc headers make of the
// plain ones.
long long strtoll(const char* text, char** end, int base) {
    return strtol(text, end, base);
}

long long atoll(const char* text) {
    return strtol(text, nullptr, 10);
}

unsigned long long strtoull(const char* text, char** end, int base) {
    return strtoul(text, end, base);
}

long __isoc23_strtol(const char* text, char** end, int base) {
    return strtol(text, end, base);
}

unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
    return strtoul(text, end, base);
}

long long __isoc23_strtoll(const char* text, char** end, int base) {
    return strtol(text, end, base);
}

unsigned long long __isoc23_strtoull(const char* text, char** end, int base) {
    return strtoul(text, end, base);
}

} // extern "C"
