// The ways to fail: fails HOW.
#undef NDEBUG
#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <rt0/panic.h>
#include <rt0/print.h>

#include "go.h"

// Outside the anonymous namespace: of a class within it the compiler knows who derives, and calls
// that.
struct base {
    base() { call(this); }
    [[gnu::noinline]] static void call(base* object) {
        asm volatile("" : "+r"(object) : : "memory");
        object->pure();
    }
    virtual void pure() = 0;

protected:
    ~base() = default;
};

struct derived final : base {
    void pure() override { rt0::println("not pure"); }
};

namespace {

std::string_view how;

struct at_start {
    at_start();
};

volatile size_t huge = size_t{1} << 60;

// Compilers may leave out an allocation that nobody uses, and then assume that it worked.
void* used(void* memory) {
    asm volatile("" : "+r"(memory) : : "memory");
    return memory;
}

void fail() {
    if (how == "panic") {
        rt0::panic("it is broken");
    } else if (how == "fatal") {
        rt0::fatal("it is broken");
    } else if (how == "empty") {
        rt0::panic("");
    } else if (how == "lines") {
        rt0::panic("one\ntwo\n\ngoroutine 7 [running]:");
    } else if (how == "long") {
        rt0::panic(std::string(100'000, 'x'));
    } else if (how == "long_fatal") {
        rt0::fatal(std::string(100'000, 'x'));
    } else if (how == "at") {
        const std::vector<int> three(3);
        rt0::println("{}", three.at(huge));
    } else if (how == "length") {
        std::vector<char> too_long;
        too_long.reserve(huge * 8);
    } else if (how == "new") {
        rt0::println("{}", used(new char[huge]));
    } else if (how == "nothrow") {
        rt0::println("{}", used(new (std::nothrow) char[huge]) == nullptr);
    } else if (how == "function") {
        const std::function<void()> nothing;
        nothing();
    } else if (how == "pure") {
        const derived object;
        (void)&object;
    } else if (how == "terminate") {
        std::terminate();
    } else if (how == "handler") {
        std::set_terminate([] { rt0::panic("my own"); });
        std::terminate();
    } else if (how == "assert") {
        assert(how.empty() && "this is wrong");
    } else if (how == "goroutine") {
        go([] { rt0::panic("in a goroutine"); });
        runtime::gosched();
    } else if (how == "new_handler") {
        static int calls = 0;
        std::set_new_handler([] {
            rt0::println("new_handler");
            if (++calls == 3) {
                std::set_new_handler(nullptr);
            }
        });
        rt0::println("{}", used(new char[huge]));
    }
}

at_start::at_start() {
    how = "";
}
at_start starts;

[[gnu::constructor(101)]] void early(int argc, char** argv, char** /*envp*/) {
    if (argc > 2 && std::string_view(argv[2]) == "constructor") {
        how = argv[1];
        fail();
    }
}

} // namespace

int main(int argc, char** argv) {
    how = argc > 1 ? argv[1] : "";
    if (argc > 2 && std::string_view(argv[2]) == "atexit") {
        std::atexit([] { rt0::println("older handler"); });
        std::atexit(fail);
        return 0;
    }
    fail();
}
