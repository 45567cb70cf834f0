// Writes to what -z relro makes read-only.
#include <rt0/print.h>

namespace {
[[gnu::section(".data.rel.ro")]] volatile int constant_after_relocation = 1;
}

int main() {
    rt0::println("writes");
    constant_after_relocation = 2;
    rt0::println("has written {}", static_cast<int>(constant_after_relocation));
}
