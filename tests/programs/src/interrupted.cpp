// A long print while signals with a handler, and without SA_RESTART, come in.
#include <asm/unistd.h>
#include <cstddef>
#include <cstdint>
#include <string>

#include <rt0/print.h>

#include "arch/amd64/syscall.h"

namespace {

volatile int signals;

void handler(int /*signal*/) {
    signals = signals + 1;
}

// The kernel's struct sigaction.
struct action {
    void (*handler)(int);
    uint64_t flags;
    void (*restorer)();
    uint64_t mask;
};

} // namespace

extern "C" void restorer();
asm("restorer:\n movl $15, %eax\n syscall\n"); // rt_sigreturn

int main() {
    constexpr int sigusr1 = 10;
    constexpr uint64_t sa_restorer = 0x04000000;
    const action counting{handler, sa_restorer, restorer, 0};
    if (runtime::arch::syscall(__NR_rt_sigaction, sigusr1, reinterpret_cast<long>(&counting), 0,
                               8) != 0) {
        return 1;
    }
    rt0::println("ready");
    const auto printed = rt0::print("{}", std::string(256 * 1024, 'x'));
    rt0::eprintln("{}, {}", printed ? "printed" : printed.error().name(),
                  signals > 0 ? "interrupted" : "not interrupted");
}
