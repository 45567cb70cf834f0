// Choices that follow from a seed.
#pragma once

#include <cstdint>

namespace soak {

inline std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

class choices {
public:
    explicit choices(std::uint64_t seed)
        : state_(seed) {}
    std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15); }
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    std::uint64_t between(std::uint64_t least, std::uint64_t most) {
        return least + below(most - least + 1);
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

} // namespace soak
