// thread_locals that fit in the static block.
#include <cstdint>

#include <rt0/print.h>

namespace {

thread_local int number = 42;
thread_local char text[6] = {'t', 'e', 'x', 't', 's', '\0'};
thread_local uint64_t zero;
thread_local int* pointer = &number; // initialised when it is first used

struct counted {
    int value = 7;
    counted() { rt0::println("constructor"); }
    ~counted() { rt0::println("destructor {}", value); }
};
thread_local counted object;

} // namespace

int main() {
    rt0::println("{} {} {} {}", number, static_cast<const char*>(text), zero, *pointer);
    number = 43;
    zero = 1;
    rt0::println("{} {}", *pointer, zero);
    object.value = 8;
}
