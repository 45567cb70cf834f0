// The stack protector's canary, and a zero behind which strings end.
#include <cstdint>

#include <rt0/print.h>

int main() {
    uint64_t canary = 0;
    asm("movq %%fs:0x28, %0" : "=r"(canary));
    rt0::println("{:016x}", canary);
}
