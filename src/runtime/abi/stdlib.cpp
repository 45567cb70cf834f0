// What <cstdlib> has beside memory, the environment, the end and numbers in text.
#include <cstddef>
#include <utility>

namespace {

using comparison = int (*)(const void* a, const void* b);

// The elements of qsort's array.
struct elements {
    char* base;
    std::size_t size;
    comparison compare;

    [[nodiscard]] char* at(std::size_t i) const { return base + i * size; }

    [[nodiscard]] bool less(std::size_t i, std::size_t j) const {
        return compare(at(i), at(j)) < 0;
    }

    void swap(std::size_t i, std::size_t j) const {
        char* const a = at(i);
        char* const b = at(j);
        for (std::size_t k = 0; k < size; ++k) {
            std::swap(a[k], b[k]);
        }
    }

    // Lets element `top` sink in the heap of the first `count` until none below it is greater.
    void sink(std::size_t top, std::size_t count) const {
        for (;;) {
            std::size_t child = 2 * top + 1;
            if (child >= count) {
                return;
            }
            if (child + 1 < count && less(child, child + 1)) {
                ++child;
            }
            if (!less(top, child)) {
                return;
            }
            swap(top, child);
            top = child;
        }
    }
};

// div_t and its kind.
struct int_quotient {
    int quot;
    int rem;
};
struct long_quotient {
    long quot;
    long rem;
};

} // namespace

extern "C" {

// A heap sort: no memory, n log n whatever the order. std::sort is the fast one.
void qsort(void* base, std::size_t count, std::size_t size, comparison compare) {
    const elements array{.base = static_cast<char*>(base), .size = size, .compare = compare};
    for (std::size_t top = count / 2; top-- > 0;) {
        array.sink(top, count);
    }
    while (count > 1) {
        --count;
        array.swap(0, count);
        array.sink(0, count);
    }
}

void* bsearch(const void* key, const void* base, std::size_t count, std::size_t size,
              comparison compare) {
    const auto* from = static_cast<const char*>(base);
    while (count > 0) {
        const char* const middle = from + count / 2 * size;
        const int order = compare(key, middle);
        if (order == 0) {
            return const_cast<char*>(middle);
        }
        if (order > 0) {
            from = middle + size;
            --count;
        }
        count /= 2;
    }
    return nullptr;
}

int abs(int n) {
    return n < 0 ? -n : n;
}

long labs(long n) {
    return n < 0 ? -n : n;
}

long imaxabs(long n) {
    return n < 0 ? -n : n;
}

long long llabs(long long n) {
    return n < 0 ? -n : n;
}

int_quotient div(int numerator, int denominator) {
    return {numerator / denominator, numerator % denominator};
}

long_quotient ldiv(long numerator, long denominator) {
    return {numerator / denominator, numerator % denominator};
}

// long long is long.
long_quotient lldiv(long long numerator, long long denominator) {
    return ldiv(numerator, denominator);
}

} // extern "C"
