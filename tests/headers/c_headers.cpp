#include <cassert>
#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <climits>
#include <cmath>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <limits>

#include "check.h"

namespace {

#ifdef __clang__
[[gnu::no_split_stack]] // which does not know how such a function asks for stack
#endif
int sum(int count, ...) {
    va_list numbers;
    va_start(numbers, count);
    int total = 0;
    while (count-- > 0) {
        total += va_arg(numbers, int);
    }
    va_end(numbers);
    return total;
}

void memory() {
    char buffer[32];
    std::memset(buffer, 'x', sizeof buffer);
    std::strcpy(buffer, "some");  // NOLINT: that is what is tested
    std::strcat(buffer, " text"); // NOLINT
    check(std::strlen(buffer) == 9 && std::strcmp(buffer, "some text") == 0);
    check(std::strstr(buffer, "tex") == buffer + 5 && std::strchr(buffer, 'z') == nullptr);
    check(std::strspn(buffer, "emos") == 4 && std::strcspn(buffer, " ") == 4);
    check(std::strpbrk(buffer, "xyz") == buffer + 7);
    check(std::memcmp(buffer, "some", 4) == 0 && buffer[31] == 'x');
    check(std::wcslen(L"wide") == 4);
    auto* const block = static_cast<char*>(std::malloc(100));
    std::memcpy(block, "kept", 5);
    auto* const larger = static_cast<char*>(std::realloc(block, 100'000));
    check(std::strcmp(larger, "kept") == 0);
    std::free(larger);
    auto* const zeroed = static_cast<int*>(std::calloc(10, sizeof(int)));
    check(zeroed[9] == 0);
    std::free(zeroed);
}

void numbers() {
    check(std::atoi("42") == 42 && std::atol("-7x") == -7 && std::atoll("8") == 8);
    char* end = nullptr;
    errno = 0;
    check(std::strtol("99999999999999999999", &end, 10) == LONG_MAX && errno == ERANGE &&
          *end == 0);
    check(std::strtoull("0x1F rest", &end, 0) == 31 && *end == ' ');
    check(std::abs(-3) == 3 && std::labs(-4L) == 4 && std::div(7, 2).rem == 1);
    check(std::imaxabs(-5) == 5 && INTMAX_MAX == LONG_MAX);
    int sorted[] = {3, 1, 2};
    std::qsort(sorted, 3, sizeof(int), [](const void* a, const void* b) {
        return *static_cast<const int*>(a) - *static_cast<const int*>(b);
    });
    check(sorted[0] == 1 && sorted[2] == 3);
    check(sum(3, 1, 2, 3) == 6 && std::getenv("there is no such variable") == nullptr);
}

void characters() {
    check(std::isdigit('7') != 0 && std::isdigit('x') == 0 && std::isspace('\v') != 0);
    check(std::toupper('q') == 'Q' && std::tolower('Q') == 'q' && std::toupper('7') == '7');
    check(std::isxdigit('F') != 0 && std::isxdigit('g') == 0 && std::ispunct('!') != 0);
    check(std::isalnum('_') == 0 && std::isprint(' ') != 0 && std::isgraph(' ') == 0);
    check(std::iscntrl(127) != 0 && std::isblank('\t') != 0 && std::isupper(-1) == 0);
}

void mathematics() {
    volatile double x = 2.25;
    check(std::fabs(-x) == 2.25 && std::isnan(x - x) == false && std::signbit(-x));
    check(std::fpclassify(x) == FP_NORMAL && std::isinf(1 / (x - x)) &&
          std::copysign(x, -1.0) == -x);
    check(std::abs(-x) == 2.25 && std::sqrt(x) == 1.5 && std::sqrt(2.25F) == 1.5F);
    volatile double tiny = -0.25;
    check(std::floor(x) == 2 && std::floor(-x) == -3 && std::floor(tiny) == -1);
    check(std::ceil(x) == 3 && std::ceil(-x) == -2 && std::signbit(std::ceil(tiny)));
    check(std::trunc(-x) == -2 && std::trunc(1e300) == 1e300 && std::signbit(std::trunc(tiny)));
    volatile double odd = 4503599627370495.5; // the last half
    check(std::floor(odd) == 4503599627370495.0 && std::ceil(odd) == 4503599627370496.0);
    volatile float narrow = -2.5F;
    check(std::floor(narrow) == -3 && std::ceil(narrow) == -2 && std::trunc(narrow) == -2);
    check(std::isnan(std::floor(std::numeric_limits<double>::quiet_NaN())) &&
          std::isinf(std::ceil(1 / (x - x))));
    check(std::nextafter(1.0, 2.0) - 1.0 == std::numeric_limits<double>::epsilon());
    volatile double zero = 0;
    check(std::nextafter(zero, -1.0) == -5e-324 && std::nextafter(-5e-324, 1.0) == 0);
    check(std::nextafter(narrow, 0.0F) > narrow && std::nextafter(narrow, -9.0F) < narrow);
    volatile long double e = 2.71828182845904523536L;
    check(std::fabs(std::log(e) - 1) < 1e-18L && std::log(e * 0 + 1) == 0);
}

} // namespace

int main() {
    memory();
    numbers();
    characters();
    mathematics();
    assert(failures == 0);
    return failures;
}
