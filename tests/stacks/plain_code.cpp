#include "plain_code.h"

#include <array>
#include <cstdint>

namespace {

constexpr std::size_t level = 1024;

[[gnu::noinline]] bool take_levels(std::size_t count) {
    std::array<std::uint64_t, level / sizeof(std::uint64_t)> words; // NOLINT: filled below
    for (std::uint64_t& word : words) {
        word = count;
    }
    asm volatile("" : : "r"(words.data()) : "memory");
    bool right = count <= 1 || take_levels(count - 1);
    asm volatile("" : : "r"(words.data()) : "memory");
    for (const std::uint64_t word : words) {
        right = right && word == count;
    }
    return right;
}

} // namespace

bool take_stack(std::size_t bytes) {
    // A level's frame is a little larger than what is in it.
    return take_levels(bytes / (level + 128));
}

void overflow_stack() {
    take_levels(SIZE_MAX);
}

void call_from_plain_code(void (*f)(void* argument), void* argument) {
    f(argument);
    asm volatile("" : : : "memory"); // not a tail call
}
