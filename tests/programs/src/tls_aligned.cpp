// thread_locals with an alignment of their own.
#include <cstdint>

#include <rt0/print.h>

namespace {

struct alignas(64) line {
    char text[64];
};
struct alignas(4096) page {
    char text[4096];
};

thread_local char odd = 'o';
thread_local line a_line = {"line"};
thread_local page a_page = {"page"};
thread_local page a_zero_page;

template <class T>
unsigned misalignment(const T& object) {
    return static_cast<unsigned>(reinterpret_cast<uintptr_t>(&object) % alignof(T));
}

} // namespace

int main() {
    rt0::println("{} {} {} {}", odd, static_cast<const char*>(a_line.text),
                 static_cast<const char*>(a_page.text), static_cast<int>(a_zero_page.text[4095]));
    rt0::println("{} {} {}", misalignment(a_line), misalignment(a_page), misalignment(a_zero_page));
    a_zero_page.text[4095] = 'z';
    rt0::println("{} {}", odd, static_cast<const char*>(a_page.text));
}
