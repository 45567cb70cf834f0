// Every way into the program's code has the stack aligned as the ABI says: at a function's first
// instruction, rsp + 8 is a multiple of 16.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <rt0/print.h>

#include "go.h"

namespace {

// frame: the caller's, where rbp points: at the saved rbp, with the return address above it.
void report(const char* where, const void* frame) {
    const auto entry = reinterpret_cast<uintptr_t>(frame) + 8;
    alignas(16) unsigned char room[16];
    asm volatile("movaps %%xmm0, %0" : "=m"(room)); // faults where the compiler's picture is wrong
    rt0::println("{}: {}", where, (entry + 8) % 16);
}

// Of the function in which it is written.
#define REPORT(where) report(where, __builtin_frame_address(0))

void preinit() {
    REPORT("preinit");
}
[[gnu::section(".preinit_array"), gnu::used]] void (*preinit_entry)() = preinit;

[[gnu::constructor]] void constructor() {
    REPORT("constructor");
}
[[gnu::destructor]] void destructor() {
    REPORT("destructor");
}

struct object {
    const char* name;
    explicit object(const char* of)
        : name(of) {
        REPORT(name);
    }
    object(const object&) = delete;
    object& operator=(const object&) = delete;
    ~object() { REPORT(name); }
};

object global("global");
thread_local object per_thread("thread_local");

void goroutine(runtime::funcval* /*self*/) {
    REPORT("goroutine");
    runtime::gosched();
    REPORT("goroutine, after a switch");
}

} // namespace

int main(int argc, char** argv) {
    REPORT("main");
    static const object local("local");
    (void)&per_thread;
    std::atexit([] { REPORT("atexit"); });
    std::at_quick_exit([] { REPORT("at_quick_exit"); });
    static runtime::funcval start{goroutine};
    link_goroutines();
    runtime::newproc(&start);
    runtime::gosched();
    runtime::gosched();
    REPORT("main, after a switch");
    if (argc > 1 && std::string_view(argv[1]) == "quick") {
        std::quick_exit(0);
    }
}
