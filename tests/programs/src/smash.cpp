// Compiled with -fstack-protector-all: a function writes beyond its array.
#include <cstddef>

#include <rt0/print.h>

namespace {

[[gnu::noinline]] void overrun(volatile char* array, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        array[i] = 'x';
    }
}

[[gnu::noinline]] void victim(size_t size) {
    volatile char array[16];
    overrun(array, size);
}

} // namespace

int main(int argc, char** /*argv*/) {
    victim(16);
    rt0::println("within the array");
    if (argc > 1) {
        victim(64);
    }
    rt0::println("not smashed");
}
