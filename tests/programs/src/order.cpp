// The order of everything that runs before main and after it.
#include <cstdlib>

#include <rt0/print.h>

namespace {

void preinit(int argc, char** argv, char** envp) {
    rt0::println("preinit {} {} {}", argc, argv[1], envp[0]);
}
[[gnu::section(".preinit_array"), gnu::used]] void (*preinit_entry)(int, char**, char**) = preinit;

[[gnu::constructor(102)]] void second() {
    rt0::println("constructor 102");
}
[[gnu::constructor(101)]] void first(int argc, char** argv, char** envp) {
    rt0::println("constructor 101 {} {} {}", argc, argv[1], envp[0]);
}
[[gnu::destructor(101)]] void last() {
    rt0::println("destructor 101");
}
[[gnu::destructor(102)]] void before_last() {
    rt0::println("destructor 102");
}

struct object {
    const char* name;
    explicit object(const char* of)
        : name(of) {
        rt0::println("constructs {}", name);
    }
    object(const object&) = delete;
    object& operator=(const object&) = delete;
    ~object() { rt0::println("destroys {}", name); }
};

[[gnu::init_priority(200)]] object early("early");
object one("one");
object two("two");
thread_local object mine("thread_local");

} // namespace

int main() {
    rt0::println("main");
    static const object local("local");
    std::atexit([] { rt0::println("atexit"); });
    (void)&mine;
    rt0::println("main ends");
}
