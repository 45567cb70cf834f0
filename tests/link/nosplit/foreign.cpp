// Compiled without -fsplit-stack.
#include <cstddef>

[[gnu::noinline]] int foreign(int n) {
    volatile char room[1000]{};
    for (std::size_t i = 0; i < sizeof room; ++i) {
        room[i] = static_cast<char>(n);
    }
    return room[sizeof room / 2] * 2;
}
