// The processor's direction flag, which string instructions go by.
#include <rt0/print.h>

namespace {

const char* flag() {
    return (__builtin_ia32_readeflags_u64() & 0x400) == 0 ? "clear" : "set";
}

void preinit() {
    rt0::println("preinit: {}", flag());
}
[[gnu::section(".preinit_array"), gnu::used]] void (*preinit_entry)() = preinit;

} // namespace

int main() {
    rt0::println("main: {}", flag());
}
