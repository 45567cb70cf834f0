// What distributions switch on by default must find what it calls: __*_chk, __stack_chk_fail,
// assertions.
#include <cstring>
#include <string>
#include <vector>

#include <rt0/rt0.h>

namespace {

// Sizes that the compiler cannot know, so that it leaves the checks in.
[[gnu::noinline]] size_t copy(const char* from, size_t size) {
    char buffer[64];
    std::memset(buffer, 0, size + 1);
    std::memcpy(buffer, from, size);
    std::memmove(buffer + 1, buffer, size);
    std::strncpy(buffer, from, size);
    asm volatile("" : : "r"(buffer) : "memory");
    return std::strlen(buffer);
}

} // namespace

int main(int argc, char** argv) {
    std::vector<int> numbers(10, argc);
    std::string text(argv[argc - 1]);
    text += std::to_string(numbers[3]);
    rt0::println("{} {}", text, copy(text.c_str(), text.size()));
    if (argc > 2) {
        const std::string large(100, 'x');
        return static_cast<int>(copy(large.c_str(), large.size())); // overflows the buffer
    }
    return 0;
}
